"""`python -m benchmarks.performance`: runs every experiment, keeps it, writes the page of results.

`--write` only writes docs/performance.md from what is kept.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict

from benchmarks.document import write
from benchmarks.figures import Figures, keep
from benchmarks.floor import Floor
from benchmarks.idle import PING_SECONDS, idle
from benchmarks.measure import LOAD_CORE, allow_files, pinned
from benchmarks.process import Broken
from benchmarks.product import Product
from benchmarks.run import Result, measure
from benchmarks.scenario import SCENARIOS
from benchmarks.stalled import WINDOW, stalled
from benchmarks.storm import storm

ROUNDS = 3
STREAMS, CROWD, STORM, SLOW = 1_000, 10_000, 5_000, 100
FILES = CROWD + 512


async def _streaming() -> list[Figures]:
    targets = (Floor("each", "asyncio"), Floor("joined", "asyncio"), Product())
    return [
        _flat(await measure(target, scenario, STREAMS))
        for scenario in SCENARIOS
        for _ in range(ROUNDS)
        for target in targets
    ]


def _flat(result: Result) -> Figures:
    """A result of the streaming scenarios as plain numbers."""
    values = asdict(result)
    name, target, clients = (values.pop(key) for key in ("scenario", "target", "clients"))
    values |= {f"{key}_ms": value for key, value in values.pop("latency").items()}
    return Figures(name, target, clients, values)


async def _idle() -> list[Figures]:
    targets = (Floor("each", "asyncio"), Product(ping_seconds=PING_SECONDS))
    return [await idle(target, CROWD) for _ in range(ROUNDS) for target in targets]


async def _stalled() -> list[Figures]:
    product = Product(sse_buffer=WINDOW)
    return [await stalled(product, STREAMS, slow) for _ in range(ROUNDS) for slow in (0, SLOW)]


async def _storm() -> list[Figures]:
    return [await storm(Product(workers=2), STORM) for _ in range(ROUNDS)]


EXPERIMENTS: dict[str, Callable[[], Awaitable[list[Figures]]]] = {
    "streaming": _streaming,
    "idle": _idle,
    "stalled": _stalled,
    "storm": _storm,
}


async def _run(names: Sequence[str]) -> None:
    for name in names:
        print(f"{name}: kept in {keep(name, await EXPERIMENTS[name]())}", flush=True)


def main() -> None:
    """Run what was asked for, or all; then write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performance", description=__doc__)
    parser.add_argument("--write", action="store_true", help="run nothing")
    parser.add_argument("experiment", nargs="*", choices=[[], *EXPERIMENTS], help="default: all")
    options = parser.parse_args()
    if not options.write:
        allow_files(FILES)
        try:
            with pinned(LOAD_CORE):
                asyncio.run(_run(options.experiment or [*EXPERIMENTS]))
        except (Broken, KeyboardInterrupt) as error:
            raise SystemExit(f"the benchmark stopped: {error or 'interrupted'}") from None
    print(f"written: {write()}")


if __name__ == "__main__":
    main()
