"""`python -m benchmarks`: every scenario against every target, in turns; tables and raw JSON."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from benchmarks.floor import Floor
from benchmarks.measure import LOAD_CORE, allow_files, pinned
from benchmarks.peers.registry import PEERS
from benchmarks.process import Broken
from benchmarks.product import Product
from benchmarks.report import keep, tables
from benchmarks.run import Result, measure
from benchmarks.scenario import SCENARIOS, Scenario
from benchmarks.target import Target

PRODUCT = Product()
OURS: Sequence[Target] = (
    Floor("each", "asyncio"),
    Floor("joined", "asyncio"),
    Floor("each", "uvloop"),
    Floor("joined", "uvloop"),
    PRODUCT,
    Product("hero_router-asyncio", "AsyncioWorker"),
)
TARGETS = {target.name: target for target in (*OURS, *PEERS)}
DEFAULT_TARGETS = ("floor-each", "floor-joined", PRODUCT.name)
SPARE_FILES = 512


def main() -> None:
    """Parse, run, print. An interrupt ends all children."""
    options = _options()
    allow_files(options.clients + SPARE_FILES)
    targets = [TARGETS[name] for name in options.target or DEFAULT_TARGETS]
    scenarios = [item for item in SCENARIOS if item.name in (options.scenario or _names())]
    try:
        with pinned(LOAD_CORE):
            results = asyncio.run(_run(targets, scenarios, options.rounds, options.clients))
    except (Broken, asyncio.CancelledError, KeyboardInterrupt) as error:
        raise SystemExit(f"the benchmark stopped: {error or 'interrupted'}") from None
    print("\n".join(tables(results, PRODUCT.name)))
    print(f"raw figures of all rounds: {keep(results)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--clients", type=int, default=1000, help="event streams (1000)")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts (3)")
    parser.add_argument("--scenario", action="append", choices=_names(), help="may be repeated")
    parser.add_argument("--target", action="append", choices=[*TARGETS], help="may be repeated")
    return parser.parse_args()


def _names() -> list[str]:
    return [item.name for item in SCENARIOS]


async def _run(
    targets: Sequence[Target], scenarios: Sequence[Scenario], rounds: int, clients: int
) -> list[Result]:
    """Targets take turns inside each round, so that a busy spell of the machine hits them alike."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    results = list[Result]()
    for number in range(1, rounds + 1):
        for scenario in scenarios:
            for target in targets:
                result = await measure(target, scenario, clients)
                results.append(result)
                print(
                    f"round {number}: {scenario.name} {target.name} {result.cpu_us:.2f} µs",
                    file=sys.stderr,
                )
    return results


if __name__ == "__main__":
    main()
