"""`python -m tests.soak`: run a soak, print what came of it; exits with 1 if anything is wrong."""

import argparse
import asyncio
import secrets
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from tests.soak.report import findings, keep, summary
from tests.soak.soak import CLIENTS, Outcome, soak


def main() -> int:
    """Parse, run, print."""
    options = _options()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    say(f"soak: {options.clients} clients for {options.seconds:g} s, seed {seed}")
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        run = soak(Path(folder), seed, options.seconds, options.clients)
        outcome = asyncio.run(_ended_by_signal(run))
        if options.logs is not None:
            keep(outcome, Path(folder), options.logs)
    say(summary(outcome))
    if not outcome.ok:
        say(f"\nFAILED\n\n{findings(outcome)}")
    return int(not outcome.ok)


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def _ended_by_signal(run: Coroutine[Any, Any, Outcome]) -> Outcome:
    """SIGTERM ends it as Ctrl-C does: no process is left behind."""
    task = asyncio.create_task(run)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long things go wrong")
    parser.add_argument("--seed", type=int, help="what goes wrong, and when; default: by chance")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--logs", type=Path, help="a folder for all logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
