"""`python -m tests.soak`: run a soak, print what came of it; exits with 1 if anything is wrong."""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.soak.report import findings, keep, summary
from tests.soak.soak import CLIENTS, soak


def main() -> int:
    """Parse, run, print."""
    options = _options()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    say(f"soak: {options.clients} clients for {options.seconds:g} s, seed {seed}")
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        outcome = asyncio.run(soak(Path(folder), seed, options.seconds, options.clients))
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


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long things go wrong")
    parser.add_argument("--seed", type=int, help="what goes wrong, and when; default: by chance")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--logs", type=Path, help="a folder for all logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
