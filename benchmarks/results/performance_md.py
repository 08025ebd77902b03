"""Writes docs/performance.md: fills the tables into page.md, from the kept runs."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.results import aims, cost_model
from benchmarks.results.runs import RESULTS, Kept, kept
from benchmarks.results.tables import markdown, table

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
TEMPLATE = RESULTS / "page.md"

RUNS = re.compile(r"\{runs (\w+)(?:/(\w+))?: ([\w ]+)\}")
"""A table of the runs in a file, or of one experiment in it: the names of its numbers."""

Read = Callable[[str], Kept]


def write(page: Path = PAGE, read: Read = kept) -> Path:
    """Write the page, in place of the one before; returns its path."""
    text = TEMPLATE.read_text("utf-8")
    for mark, file in (("{machine}", "streaming"), ("{proxying machine}", "proxying")):
        machine = read(file).machine
        text = text.replace(mark, ", ".join(f"{name} {value}" for name, value in machine.items()))
    text = text.replace("{aims}", "\n".join(markdown("llll", aims.TITLES, aims.rows(read))))
    checks = cost_model.checks(cost_model.Costs.stated(), read)
    text = text.replace("{model}", "\n".join(cost_model.table(checks)))
    page.write_text(RUNS.sub(lambda found: "\n".join(_table(found, read)), text), "utf-8")
    return page


def _table(found: re.Match[str], read: Read) -> Iterator[str]:
    file, experiment, numbers = found.groups()
    _, runs, failures = read(file)
    return table(
        [run for run in runs if experiment in (None, run.experiment)],
        numbers.split(),
        [failure for failure in failures if experiment in (None, failure.experiment)],
    )
