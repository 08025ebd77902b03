"""`python -m benchmarks`: streams each scenario from each server in turns, and prints tables."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf

from benchmarks.experiments.experiment_list import EACH, JOINED, ON_UVLOOP, stream
from benchmarks.experiments.step_sequence import Runner, interruptible
from benchmarks.load.resource_usage import LOAD_CORE, allow_files, pinned
from benchmarks.load.workload_definitions import SCENARIOS
from benchmarks.results import aims
from benchmarks.results.runs import RESULTS, keep
from benchmarks.results.tables import markdown, table
from benchmarks.targets.product import Product
from benchmarks.targets.registry import PEERS
from benchmarks.targets.target import Target

EVERYONE: Sequence[Target] = (EACH, JOINED, *ON_UVLOOP, Product(), *PEERS)
TARGETS = {target.name: target for target in EVERYONE}
DEFAULT_TARGETS = [EACH.name, JOINED.name, Product.name]
SPARE_FILES = 512
NUMBERS = (
    *("cpu_us", "p50_ms", "p99_ms", "server_waited"),
    *("lost", "undelivered", "doubled", "resyncs"),
)


def main() -> None:
    """Parse, run, print. An interrupt ends all children."""
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--clients", type=int, default=1000, help="event streams (1000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (3)")
    parser.add_argument("--scenario", action="append", choices=names, help="may be repeated")
    parser.add_argument("--target", action="append", choices=[*TARGETS], help="may be repeated")
    options = parser.parse_args()
    allow_files(options.clients + SPARE_FILES)
    scenarios = [it for it in SCENARIOS if it.name in (options.scenario or names)]
    targets = [TARGETS[name] for name in options.target or DEFAULT_TARGETS]
    steps = [
        stream(target, scenario, options.rounds, options.clients)
        for scenario in scenarios
        for target in targets
    ]
    file = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    runner = Runner(
        inf, keep=lambda _, runs, failures, done: keep(file, runs, failures, done, RESULTS)
    )
    with pinned(LOAD_CORE):
        interruptible(runner.run(steps))
    runs, failures = runner.runs["streaming"], runner.failures["streaming"]
    for scenario in scenarios:
        print(f"\n{scenario.name}: {scenario.title}\n")
        mine = [run for run in runs if run.experiment == scenario.name]
        failed = [failure for failure in failures if failure.experiment == scenario.name]
        print("\n".join(table(mine, NUMBERS, failed)))
    print("\nAims:\n")
    rows = [aim.row(runs) for aim in aims.AIMS["streaming"]]
    print("\n".join(markdown("llll", aims.TITLES, rows)))
    print(f"raw numbers of all runs: {RESULTS / file}.json")


if __name__ == "__main__":
    main()
