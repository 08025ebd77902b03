"""`python -m benchmarks.performance`: runs every experiment, and writes docs/performance.md.

With `--write` it runs nothing, and writes the page from the kept runs.
"""

import argparse

from benchmarks.experiments.experiment_list import CROWD, names, steps
from benchmarks.experiments.step_sequence import Runner, interruptible
from benchmarks.load.resource_usage import LOAD_CORE, allow_files, pinned
from benchmarks.results import cost_model, performance_md
from benchmarks.results.runs import kept

MINUTES = 20.0
FILES = CROWD + 512


def main() -> None:
    """Run the experiments, write the page, and fail if the model of docs/scaling.md is off."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performance", description=__doc__)
    parser.add_argument("--write", action="store_true", help="run nothing")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="begin nothing later (20)")
    parser.add_argument("experiment", nargs="*", choices=[[], *names()], help="default: all")
    options = parser.parse_args()
    if not options.write:
        allow_files(FILES)
        wanted = options.experiment or names()
        with pinned(LOAD_CORE):
            interruptible(
                Runner(options.minutes * 60).run([step for step in steps() if step.file in wanted])
            )
    print(f"written: {performance_md.write()}")
    if problem := cost_model.summary(cost_model.checks(cost_model.Costs.stated(), kept)):
        raise SystemExit(problem)


if __name__ == "__main__":
    main()
