"""docs/performance.md and its plots, from the runs that are kept: aims, then all figures."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks import aims, simulate
from benchmarks.figures import Failure, Figures, Kept, by_target, kept
from benchmarks.plot import Bar, bars, lines
from benchmarks.sections import SECTIONS, Chart, Section
from benchmarks.tables import table

DOCS = Path(__file__).parent.parent / "docs"

INTRODUCTION = """# Performance

Written by `make performance` from the runs in `benchmarks/results/performance/`; do not edit it by
hand. Every number is the median of its runs, with the least and the most in brackets. The machine
is shared and small, so look at ratios within one run first: the *floors* are bare asyncio servers
that do nothing but write prebuilt bytes, each frame alone or joined. The *peers* are small servers
as their libraries' documents show them: nchan in nginx with its store in Redis, aiohttp with a
queue and a task for each client, aiohttp with an XREAD for each client, aiohttp-sse with one tail
for all, sse-starlette on uvicorn with one subscription for all; those in Python run on uvloop.
All carry the same events to the same readers. The server has one core, its clients, Redis and the
publisher the other one. *Waited* is the share of the time for which other processes kept the
server off its core: where it is large, latency says little. *Lost* are events that never came
although later ones did; *undelivered* had not come 10 s after the last event was due; latency is
of what was delivered, from when a change that was made beforehand is handed to its publisher. The
aims that compare with a floor do so round by round, and are the median of that.
"""

AIMS: Sequence[tuple[str, Callable[[Sequence[Figures]], Iterator[aims.Aim]]]] = (
    ("streaming", aims.streaming),
    ("idle", aims.idle),
    ("stalled", aims.stalled),
    ("storm", aims.storm),
    ("trim", aims.trim),
    ("rolling", aims.rolling),
)
"""The file with the figures, and what is aimed at with them."""


def write(docs: Path = DOCS, read: Callable[[str], Kept] = kept) -> list[Path]:
    """Write the page and its plots, in place of those before; returns their paths."""
    page = docs / "performance.md"
    page.write_text("\n".join(_lines(read)).rstrip() + "\n", "utf-8")
    folder = docs / "plots"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    plots = {folder / f"{name}.svg": svg for name, svg in _plots(read)}
    for path, svg in plots.items():
        path.write_text(svg, "utf-8")
    return [page, *plots]


def _lines(read: Callable[[str], Kept]) -> Iterator[str]:
    yield INTRODUCTION
    ran = ", ".join(f"{name} {value}" for name, value in read("streaming").machine.items())
    yield f"Ran on: {ran}.\n\n## Aims\n"
    yield from aims.lines([aim for file, told in AIMS for aim in told(read(file).runs)])
    for section in SECTIONS:
        yield f"\n## {section.title}\n"
        if section.about:
            yield f"{section.about}\n"
        it = read(section.file)
        runs, failures = _of(section, it.runs), _of(section, it.failures)
        yield from table(runs, section.columns, failures)
        for chart in section.charts if runs else ():
            yield f"\n![{chart.title}](plots/{chart.name}.svg)"
    yield from _arithmetic(read)


def _arithmetic(read: Callable[[str], Kept]) -> Iterator[str]:
    yield "\n## The arithmetic of [scaling.md](scaling.md), checked\n"
    yield "`python -m benchmarks.simulate` prints the same, and fails where it does not hold.\n"
    costs = simulate.Costs.stated(simulate.PAGE.read_text("utf-8"))
    yield from simulate.lines(list(simulate.checks(costs, read)))


Told = TypeVar("Told", Figures, Failure)


def _of(section: Section, runs: Sequence[Told]) -> list[Told]:
    return [run for run in runs if section.experiment in ("", run.experiment)]


def _plots(read: Callable[[str], Kept]) -> Iterator[tuple[str, str]]:
    for section in SECTIONS:
        runs = _of(section, read(section.file).runs)
        for chart in section.charts:
            if runs:
                yield chart.name, _drawn(chart, runs)


def _drawn(chart: Chart, runs: Sequence[Figures]) -> str:
    if not chart.across:
        return bars(chart.title, list(_bars(chart, runs)))
    series = dict[str, list[tuple[float, float]]]()
    for target, clients, values in by_target(runs):
        if chart.value in values:
            series.setdefault(target, []).append((clients, values[chart.value].value))
    return lines(chart.title, chart.across, {name: sorted(told) for name, told in series.items()})


def _bars(chart: Chart, runs: Sequence[Figures]) -> Iterator[Bar]:
    for target, _, values in by_target(runs):
        if chart.value in values:
            faults = {
                name: values[name].value for name in ("lost", "undelivered") if name in values
            }
            due = sum(faults.values()) + (values["delivered"].value if faults else 0)
            told = [f"{number / due:.0%} {name}" for name, number in faults.items() if number]
            note = f"({', '.join(told)})" if told else ""
            yield Bar(target, values[chart.value].value, note, ours=target == aims.OURS)
