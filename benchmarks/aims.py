"""The aims, met or missed, each from the figures that are kept. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.figures import Figures, Middle

OURS = "hero_router"
FAULTS = ("lost", "undelivered", "doubled", "disordered", "resyncs")


class Aim(NamedTuple):
    """What was aimed at, what was measured, and whether that is within it."""

    what: str
    aim: str
    measured: str
    met: bool


def most(what: str, value: float | None, bound: float, unit: str = "") -> Iterator[Aim]:
    """An aim that a number is not to exceed; none where nothing was measured."""
    if value is not None:
        yield Aim(what, f"at most {bound:g}{unit}", f"{value:,.3g}{unit}", value <= bound)


def least(what: str, value: float | None, bound: float) -> Iterator[Aim]:
    """An aim that a number is to reach."""
    if value is not None:
        yield Aim(what, f"at least {bound:,.0f}", f"{value:,.0f}", value >= bound)


def streaming(runs: Sequence[Figures]) -> Iterator[Aim]:
    """Those of steady streams and bursts."""
    burst, steady = ratio(runs, "burst", "floor-joined"), ratio(runs, "steady", "floor-each")
    yield from most("burst: CPU, times the floor that joins", burst, 1.3)
    yield from most("100 events/s: CPU, times the floor that writes each", steady, 0.3)
    yield from most("100 events/s: p99", middle(runs, "steady", "p99_ms"), 100, " ms")
    ours, floor = (middle(runs, "lone", "p50_ms", name) for name in (OURS, "floor-each"))
    more = None if ours is None or floor is None else ours - floor
    yield from most("a lone event: p50 above the floor's", more, 1, " ms")
    mine = [run.values.get(name, 0.0) for run in runs if run.target == OURS for name in FAULTS]
    if mine:
        what = "lost, undelivered, doubled, out of order, resyncs in all these"
        yield from most(what, sum(mine), 0)


def idle(runs: Sequence[Figures]) -> Iterator[Aim]:
    """Those of ten thousand clients that only listen."""
    yield from most("10,000 idle: memory of each", middle(runs, "idle", "kb_per_client"), 3, " KB")
    yield from least("connects a second", middle(runs, "idle", "connects_per_second"), 3000)


def stalled(runs: Sequence[Figures]) -> Iterator[Aim]:
    """Those of readers that stop, beside the same run in which all read."""
    growth, before = (middle(runs, name, "growth_mb") for name in ("stalled", "unstalled"))
    if growth is not None and before is not None:
        yield from most("100 stalled: growth beyond that without", growth - before, 10, " MB")
    p99, before = (middle(runs, name, "p99_ms") for name in ("stalled", "unstalled"))
    if p99 is not None and before:
        yield from most("100 stalled: p99 of the others, times that without", p99 / before, 1.5)
    wrong = [middle(runs, "stalled", name) for name in ("inexact", "slow_inexact")]
    if None not in wrong:
        yield from most("100 stalled: clients with wrong counts", sum(filter(None, wrong)), 0)


def storm(runs: Sequence[Figures]) -> Iterator[Aim]:
    """Those of a killed worker."""
    faults = [middle(runs, "storm", name) for name in ("lost", "doubled", "resyncs")]
    if None not in faults:
        yield from most("storm: lost, doubled, resyncs", sum(filter(None, faults)), 0)


def lines(aims: Sequence[Aim]) -> Iterator[str]:
    """As a table."""
    yield "| what | aim | measured | |\n|---|---|---|---|"
    for what, aim, measured, met in aims:
        yield f"| {what} | {aim} | {measured} | {'met' if met else '**missed**'} |"


def ratio(runs: Sequence[Figures], experiment: str, floor: str) -> float | None:
    """The product's CPU in floors, round by round; their median."""
    ours, theirs = (_by_round(runs, experiment, name) for name in (OURS, floor))
    both = [ours[number] / theirs[number] for number in ours if theirs.get(number)]
    return Middle.of(both).value if both else None


def _by_round(runs: Sequence[Figures], experiment: str, target: str) -> dict[int, float]:
    mine = [run for run in runs if (run.experiment, run.target) == (experiment, target)]
    return {run.round: run.values["cpu_us"] for run in mine}


def middle(runs: Sequence[Figures], experiment: str, name: str, target: str = OURS) -> float | None:
    """The median of a value over the runs; None where there are none."""
    values = [
        run.values[name]
        for run in runs
        if (run.experiment, run.target) == (experiment, target) and name in run.values
    ]
    return Middle.of(values).value if values else None
