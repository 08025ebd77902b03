"""The aims of the project, and whether the kept runs meet them. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import sub, truediv
from statistics import median

from benchmarks.results.runs import Kept, Run

OURS = "hero_router"
FAULTS = ("lost", "undelivered", "doubled", "disordered", "resyncs")

TITLES = ("what", "aim", "measured", "")

Runs = Sequence[Run]
Value = Callable[[Runs], float | None]
"""The number that an aim looks at; None if it was not measured."""

Compare = Callable[[float, float], float]


@dataclass(frozen=True, slots=True)
class Aim:
    """A number that must be at most `bound`, or `at_least` that."""

    what: str
    value: Value
    bound: float
    unit: str = ""
    at_least: bool = False

    def row(self, runs: Runs) -> tuple[str, str, str, str]:
        """What it is, the aim, the measured number and the verdict, as text."""
        value = self.value(runs)
        word, digits = ("at least", ",.0f") if self.at_least else ("at most", "g")
        aim = f"{word} {self.bound:{digits}}{self.unit}"
        if value is None:
            return self.what, aim, "", "not measured"
        met = value >= self.bound if self.at_least else value <= self.bound
        measured = f"{value:{',.0f' if self.at_least else ',.3g'}}{self.unit}"
        return self.what, aim, measured, "met" if met else "**missed**"


def _numbers(runs: Runs, experiment: str, name: str, target: str = OURS) -> dict[int, float]:
    """A number of one server by round."""
    return {
        run.round: run.values[name]
        for run in runs
        if (run.experiment, run.target) == (experiment, target) and name in run.values
    }


def middle(experiment: str, name: str) -> Value:
    """The median of a number of the product."""

    def value(runs: Runs) -> float | None:
        numbers = _numbers(runs, experiment, name).values()
        return median(numbers) if numbers else None

    return value


def beside(
    other: str, experiment: str, name: str, compare: Compare, than: str | None = None
) -> Value:
    """The product's number compared with another server's of the same round; the median of that.

    `than` is the experiment of the other one, if it is not the same.
    """

    def value(runs: Runs) -> float | None:
        ours = _numbers(runs, experiment, name)
        theirs = _numbers(runs, than or experiment, name, other)
        pairs = [(one, theirs[number]) for number, one in ours.items() if theirs.get(number)]
        return median(compare(*pair) for pair in pairs) if pairs else None

    return value


def stalled(name: str, compare: Compare) -> Value:
    """A median with stalled clients, compared with the one without."""

    def value(runs: Runs) -> float | None:
        one, other = middle("stalled", name)(runs), middle("unstalled", name)(runs)
        return None if one is None or not other else compare(one, other)

    return value


def faults(*names: str, experiment: str = "", target: str = "") -> Value:
    """The sum over all runs: a median would hide a single fault. None if one was not counted."""

    def value(runs: Runs) -> float | None:
        chosen = (r for r in runs if experiment in ("", r.experiment) and target in ("", r.target))
        counts = [run.values.get(name) for run in chosen for name in names]
        known = [count for count in counts if count is not None]
        return sum(known) if counts and len(known) == len(counts) else None

    return value


def most(name: str) -> Value:
    """The largest of all runs."""
    return lambda runs: max((run.values[name] for run in runs), default=None)


def growth(experiment: str, name: str) -> Value:
    """A number at the largest number of clients, over the same at the smallest."""

    def value(runs: Runs) -> float | None:
        sizes = {run.clients for run in runs}
        if len(sizes) < 2:
            return None
        few, many = (
            middle(experiment, name)([run for run in runs if run.clients == size])
            for size in (min(sizes), max(sizes))
        )
        return many / few if many is not None and few else None

    return value


AIMS: Mapping[str, Sequence[Aim]] = {
    "streaming": (
        Aim(
            "burst: CPU, times the floor that joins",
            beside("floor-joined", "burst", "cpu_us", truediv),
            1.3,
        ),
        Aim(
            "100 events/s: CPU, times the floor that writes each",
            beside("floor-each", "steady", "cpu_us", truediv),
            0.3,
        ),
        Aim("100 events/s: p99", middle("steady", "p99_ms"), 100, " ms"),
        Aim(
            "a lone event: p50 above the floor's",
            beside("floor-each", "lone", "p50_ms", sub),
            1,
            " ms",
        ),
        Aim(
            "lost, undelivered, doubled, out of order, resyncs in all these",
            faults(*FAULTS, target=OURS),
            0,
        ),
    ),
    "idle": (
        Aim("10,000 idle: memory of each", middle("idle", "kb_per_client"), 3, " KB"),
        Aim("connects a second", middle("idle", "connects_per_second"), 3000, at_least=True),
    ),
    "stalled": (
        Aim("100 stalled: growth beyond that without", stalled("growth_mb", sub), 10, " MB"),
        Aim("100 stalled: p99 of the others, times that without", stalled("p99_ms", truediv), 1.5),
        Aim(
            "100 stalled: clients with wrong counts",
            faults("inexact", "slow_inexact", experiment="stalled"),
            0,
        ),
    ),
    "proxying": (
        Aim(
            "small requests: CPU, times aiohttp's own hello",
            beside("aiohttp-hello", "small", "cpu_us", truediv),
            2,
        ),
        Aim("small requests: CPU, times nginx", beside("nginx", "small", "cpu_us", truediv), 4),
        Aim(
            "small requests: CPU, times a plain aiohttp-client proxy",
            beside("aiohttp-client", "small", "cpu_us", truediv),
            0.5,
        ),
        *(
            Aim(
                f"{title}: CPU for each GB, times nginx",
                beside("nginx", load, "cpu_ms_per_gb", truediv),
                1.5,
            )
            for load, title in (("download", "100 MiB down"), ("upload", "100 MiB up"))
        ),
        *(
            Aim(f"{title}: growth of memory", middle(load, "peak_growth_mb"), 2, " MB")
            for load, title in (("download", "100 MiB down"), ("upload", "100 MiB up"))
        ),
        Aim("frame passed on: CPU, times nginx", beside("nginx", "frames", "cpu_us", truediv), 1.2),
        Aim("idle tunnel: memory", middle("idle_tunnels", "kb_per_client"), 8, " KB"),
        Aim(
            "streams beside a proxy at full load: p99, times that without",
            beside(OURS, "streams_busy", "p99_ms", truediv, than="streams"),
            1.5,
        ),
    ),
    "storm": (
        Aim("storm: lost, doubled, resyncs", faults("lost", "doubled", "resyncs"), 0),
        Aim("storm: refusals of /ready", faults("ready_refused"), 0),
        Aim(
            "storm: Redis commands, times those with a tenth of the clients",
            growth("storm", "redis_commands_a_second"),
            1.2,
        ),
    ),
    "trim": (
        Aim(
            "trim: lost, doubled, failed fetches, refusals of /ready",
            faults("lost", "doubled", "fetches_failed", "ready_refused"),
            0,
        ),
        Aim("trim: different snapshots at one position", most("snapshots"), 1),
    ),
    "rolling": (
        Aim(
            "rolling: lost, doubled, resyncs, refusals of /ready",
            faults("lost", "doubled", "resyncs", "ready_refused"),
            0,
        ),
        Aim("rolling: longest silence of any client", most("silence_most_s"), 3, " s"),
    ),
}
"""The aims by the file whose runs they look at."""


def rows(read: Callable[[str], Kept]) -> Iterator[Sequence[str]]:
    """The row of each aim, from the kept runs."""
    for file, aims in AIMS.items():
        runs = read(file).runs
        yield from (aim.row(runs) for aim in aims)
