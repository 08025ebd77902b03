"""The aims, met or missed, each from the figures that are kept. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.figures import Figures, Middle

OURS = "hero_router"
FAULTS = ("lost", "undelivered", "doubled", "disordered", "resyncs")


class Aim(NamedTuple):
    """What was aimed at, what was measured if anything was, and whether that is within it."""

    what: str
    aim: str
    measured: str
    met: bool

    @property
    def verdict(self) -> str:
        """In words."""
        if not self.measured:
            return "not measured"
        return "met" if self.met else "**missed**"


def most(what: str, value: float | None, bound: float, unit: str = "") -> Aim:
    """An aim that a number is not to exceed; None: it was not measured."""
    aim = f"at most {bound:g}{unit}"
    if value is None:
        return Aim(what, aim, "", met=False)
    return Aim(what, aim, f"{value:,.3g}{unit}", met=value <= bound)


def least(what: str, value: float | None, bound: float) -> Aim:
    """An aim that a number is to reach."""
    aim = f"at least {bound:,.0f}"
    if value is None:
        return Aim(what, aim, "", met=False)
    return Aim(what, aim, f"{value:,.0f}", met=value >= bound)


def streaming(runs: Sequence[Figures]) -> Iterator[Aim]:
    """Those of steady streams and bursts."""
    burst, steady = ratio(runs, "burst", "floor-joined"), ratio(runs, "steady", "floor-each")
    yield most("burst: CPU, times the floor that joins", burst, 1.3)
    yield most("100 events/s: CPU, times the floor that writes each", steady, 0.3)
    yield most("100 events/s: p99", middle(runs, "steady", "p99_ms"), 100, " ms")
    lone = above(runs, "lone", "p50_ms", "floor-each")
    yield most("a lone event: p50 above the floor's", lone, 1, " ms")
    mine = [run for run in runs if run.target == OURS]
    faults = sum(run.values.get(name, 0.0) for run in mine for name in FAULTS)
    what = "lost, undelivered, doubled, out of order, resyncs in all these"
    yield most(what, faults if mine else None, 0)


def idle(runs: Sequence[Figures]) -> Iterator[Aim]:
    """Those of ten thousand clients that only listen."""
    yield most("10,000 idle: memory of each", middle(runs, "idle", "kb_per_client"), 3, " KB")
    yield least("connects a second", middle(runs, "idle", "connects_per_second"), 3000)


def stalled(runs: Sequence[Figures]) -> Iterator[Aim]:
    """Those of readers that stop, beside the same run in which all read."""
    both = ("stalled", "unstalled")
    growth = less(*(middle(runs, name, "growth_mb") for name in both))
    yield most("100 stalled: growth beyond that without", growth, 10, " MB")
    p99, before = (middle(runs, name, "p99_ms") for name in both)
    times = p99 / before if p99 and before else None
    yield most("100 stalled: p99 of the others, times that without", times, 1.5)
    slow = [run for run in runs if run.experiment == "stalled"]
    wrong = summed(slow, "inexact", "slow_inexact")
    yield most("100 stalled: clients with wrong counts", wrong, 0)


def storm(runs: Sequence[Figures]) -> Iterator[Aim]:
    """Those of a killed worker whose clients come back at once."""
    yield most("storm: lost, doubled, resyncs", summed(runs, "lost", "doubled", "resyncs"), 0)
    yield most("storm: refusals of /ready", summed(runs, "ready_refused"), 0)
    sizes = sorted({run.clients for run in runs})
    few, many = (
        middle([run for run in runs if run.clients == size], "storm", "redis_commands_a_second")
        for size in (sizes[0] if len(sizes) > 1 else -1, sizes[-1] if sizes else -1)
    )
    times = many / few if many and few else None
    yield most("storm: Redis commands, times those with a tenth of the clients", times, 1.2)


def trim(runs: Sequence[Figures]) -> Iterator[Aim]:
    """Those of clients that come back with positions out of the window."""
    wrong = summed(runs, "lost", "doubled", "fetches_failed", "ready_refused")
    yield most("trim: lost, doubled, failed fetches, refusals of /ready", wrong, 0)
    snapshots = max((run.values["snapshots"] for run in runs), default=None)
    yield most("trim: different snapshots at one position", snapshots, 1)


def rolling(runs: Sequence[Figures]) -> Iterator[Aim]:
    """Those of replacing all workers behind HAProxy."""
    wrong = summed(runs, "lost", "doubled", "resyncs", "ready_refused")
    yield most("rolling: lost, doubled, resyncs, refusals of /ready", wrong, 0)
    silence = max((run.values["silence_most_s"] for run in runs), default=None)
    yield most("rolling: longest silence of any client", silence, 3, " s")


def summed(runs: Sequence[Figures], *names: str) -> float | None:
    """Faults of all runs: a median would hide one. None where one of them was not measured."""
    told = [run.values.get(name) for run in runs for name in names]
    return total(told) if told else None


def less(one: float | None, other: float | None) -> float | None:
    """By how much one is more than the other; None where one was not measured."""
    return None if one is None or other is None else one - other


def total(values: Iterable[float | None]) -> float | None:
    """Their sum; None where one was not measured."""
    told = list(values)
    return None if None in told else sum(value for value in told if value is not None)


def lines(aims: Sequence[Aim]) -> Iterator[str]:
    """As a table."""
    yield "| what | aim | measured | |\n|---|---|---|---|"
    for one in aims:
        yield f"| {one.what} | {one.aim} | {one.measured} | {one.verdict} |"


def ratio(runs: Sequence[Figures], experiment: str, floor: str) -> float | None:
    """The product's CPU in floors, round by round; their median."""
    pairs = _pairs(runs, experiment, "cpu_us", floor)
    return Middle.of([ours / theirs for ours, theirs in pairs]).value if pairs else None


def above(runs: Sequence[Figures], experiment: str, name: str, floor: str) -> float | None:
    """By how much the product's value exceeds the floor's, round by round; their median."""
    pairs = _pairs(runs, experiment, name, floor)
    return Middle.of([ours - theirs for ours, theirs in pairs]).value if pairs else None


def _pairs(
    runs: Sequence[Figures], experiment: str, name: str, floor: str
) -> list[tuple[float, float]]:
    """The product's value and the floor's, of each round that both were in."""
    ours, theirs = (
        {
            run.round: run.values[name]
            for run in runs
            if (run.experiment, run.target) == (experiment, target) and name in run.values
        }
        for target in (OURS, floor)
    )
    return [(value, theirs[number]) for number, value in ours.items() if theirs.get(number)]


def middle(runs: Sequence[Figures], experiment: str, name: str, target: str = OURS) -> float | None:
    """The median of a value over the runs; None where there are none."""
    values = [
        run.values[name]
        for run in runs
        if (run.experiment, run.target) == (experiment, target) and name in run.values
    ]
    return Middle.of(values).value if values else None
