"""`python -m benchmarks.performance`: runs every experiment, keeps it, writes the page of results.

`--write` only writes docs/performance.md and its plots from what is kept.
"""

import argparse
import asyncio
import signal
from collections.abc import Sequence

from benchmarks.document import write
from benchmarks.experiments import CROWD, names, steps
from benchmarks.measure import LOAD_CORE, allow_files, pinned
from benchmarks.plan import Runner, Step

MINUTES = 15.0
FILES = CROWD + 512


async def _run(due: Sequence[Step], minutes: float) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await Runner(minutes * 60).run(due)


def main() -> None:
    """Run what was asked for, or all; then write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performance", description=__doc__)
    parser.add_argument("--write", action="store_true", help="run nothing")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="begin nothing later (15)")
    parser.add_argument("experiment", nargs="*", choices=[[], *names()], help="default: all")
    options = parser.parse_args()
    if not options.write:
        allow_files(FILES)
        wanted = options.experiment or names()
        try:
            with pinned(LOAD_CORE):
                due = [step for step in steps() if step.file in wanted]
                asyncio.run(_run(due, options.minutes))
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise SystemExit("the benchmark was interrupted; what it had is kept") from None
    print("written:", *write(), sep="\n  ")


if __name__ == "__main__":
    main()
