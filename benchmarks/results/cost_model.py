"""Predicts a worker's CPU, latency and memory from a few costs, and compares that with kept runs.

docs/scaling.md states the same costs, and uses this for the sizes that nobody measured.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, isinf
from typing import NamedTuple

from benchmarks.load.workload_definitions import BURST, GROWTH, SCENARIOS, EventWorkload
from benchmarks.results.aims import OURS
from benchmarks.results.runs import RESULTS, Kept, Run, Spread
from benchmarks.results.tables import markdown
from hero_router.feed.flush_scheduler import CORE_SHARE
from hero_router.settings.config import RouterConfig

PUBLISH_SECONDS = 100e-6
"""About what Redis needs to take one event of a burst."""

SAMPLES = 10
"""A write to all reaches the first client at once and the last one at its end: samples between."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs in seconds of CPU, and KB of memory; `base` is a share of a core."""

    base: float
    write: float
    event: float
    reply: float
    keepalive: float
    connect: float
    client_kb: float

    @classmethod
    def stated(cls) -> "Costs":
        """The costs in costs.json."""
        return cls(**json.loads((RESULTS / "costs.json").read_text("utf-8")))


class Outcome(NamedTuple):
    """What a simulated worker used, in seconds of CPU, and the latency of events, in ms."""

    cpu: float
    writes: int
    p50_ms: float
    p99_ms: float


Arrival = tuple[float, int]
"""When a reply of Redis comes, in seconds, and how many events are in it."""


def arrivals(scenario: EventWorkload) -> list[Arrival]:
    """The replies of Redis in a scenario."""
    step = 1 / scenario.rate if scenario.rate else scenario.batch * PUBLISH_SECONDS
    return [(turn * step, len(numbers)) for turn, numbers in enumerate(scenario.batches())]


def simulate(
    costs: Costs, clients: int, replies: Sequence[Arrival], longest: float | None = None
) -> Outcome:
    """Run one worker: it reads each reply, and writes to all by the product's rule of flushing."""
    limit = RouterConfig().stream.flush_ms / 1000 if longest is None else longest
    clock, free_at, cpu, writes = 0.0, 0.0, 0.0, 0
    waits, waiting, left = list[float](), list[Arrival](), list(reversed(replies))
    while left or waiting:
        due = max(clock, free_at) if waiting else inf
        if left and left[-1][0] <= due:
            came, number = left.pop()
            clock = max(clock, came) + costs.reply
            cpu += costs.reply
            waiting.append((came, number))
            continue
        clock, events = due, sum(number for _, number in waiting)
        work = clients * (costs.write + events * costs.event)
        for came, number in waiting:
            moments = (clock + work * (part + 0.5) / SAMPLES for part in range(SAMPLES))
            waits += [moment - came for moment in moments for _ in range(number)]
        clock, cpu, writes = clock + work, cpu + work, writes + clients
        free_at, waiting = clock + min(work * (CORE_SHARE - 1), limit), []
    waits.sort()
    p50, p99 = (waits[int(share * (len(waits) - 1))] * 1000 for share in (0.5, 0.99))
    return Outcome(cpu, writes, p50, p99)


def share(costs: Costs, clients: int, rate: float, seconds: int = 20) -> float:
    """The share of a core for these clients and events a second, keepalives included."""
    replies = [(number / rate, 1) for number in range(int(rate * seconds))] if rate else []
    working = simulate(costs, clients, replies).cpu / seconds if replies else 0.0
    return costs.base + working + clients / RouterConfig().stream.ping_seconds * costs.keepalive


class Check(NamedTuple):
    """A predicted number beside the measured one.

    `allowed` is the largest factor between them. A difference of at most `slack` holds too.
    """

    what: str
    predicted: float
    measured: float
    allowed: float
    slack: float = 0.0

    @property
    def deviation(self) -> float:
        """How much the prediction is too high, as a share of the measured number."""
        return self.predicted / self.measured - 1 if self.measured else inf

    @property
    def holds(self) -> bool:
        """Whether that is allowed."""
        near = abs(self.predicted - self.measured) <= self.slack
        return near or 1 / self.allowed <= 1 + self.deviation <= self.allowed

    @property
    def verdict(self) -> str:
        """In words."""
        if isinf(self.allowed):
            return "not judged: the server was kept off its core"
        return "holds" if self.holds else "**does not hold**"


MOST_WAITED = 0.1
"""Beyond this share of waiting for its core, neither latency nor CPU of a server is judged: it
joined what it could not send in time."""

CPU, LATENCY, MEMORY = 1.35, 2.5, 1.25
"""CPU holds to about a third from run to run; latency on a shared machine says little."""

CORE_SLACK, MS_SLACK = 0.005, 5.0
"""Half a percent of a core is too little to matter for planning. The milliseconds for Redis, and
until a reader wakes, are no part of the arithmetic."""


class Point(NamedTuple):
    """Runs that can be predicted: their file, what was published, and to which server."""

    file: str
    experiment: str
    scenario: EventWorkload
    target: str = OURS
    workers: int = 1


POINTS = (
    *(Point("streaming", item.name, item) for item in SCENARIOS if not item.full),
    Point("stalled", "unstalled", BURST),
    Point("growth", "growth", GROWTH, "1 worker"),
    *(Point("growth", "growth", GROWTH, f"{workers} workers", workers) for workers in (2, 4)),
)


def checks(costs: Costs, read: Callable[[str], Kept]) -> Iterator[Check]:
    """All predictions that can be compared with a kept run."""
    for point in POINTS:
        runs = _runs(read(point.file), point.experiment, point.target)
        for clients in sorted({run.clients for run in runs}):
            yield from _streamed(costs, point, [run for run in runs if run.clients == clients])
    idle = _runs(read("idle"), "idle", OURS)
    for what, name, predicted, allowed in (
        ("memory of a client, KB", "kb_per_client", costs.client_kb, MEMORY),
        ("CPU of a connect, µs", "connect_cpu_us", costs.connect * 1e6, CPU),
        ("CPU of a keepalive, µs", "ping_cpu_us", costs.keepalive * 1e6, CPU),
    ):
        if measured := [run.values[name] for run in idle if name in run.values]:
            yield Check(f"idle: {what}", predicted, Spread.of(measured).median, allowed)


def _streamed(costs: Costs, point: Point, runs: Sequence[Run]) -> Iterator[Check]:
    """The checks of one size, against the run in which the server had its core most to itself."""
    scenario, workers, clients = point.scenario, point.workers, runs[0].clients
    predicted = simulate(costs, clients // workers, arrivals(scenario))
    expected = clients * scenario.events
    each = workers * (predicted.cpu + costs.base * scenario.seconds) * 1e6 / expected
    name = f"{point.experiment}, {clients:,} clients"
    name += f" of {point.target}" if workers > 1 else ""
    best = min(runs, key=lambda run: waited(run, point))
    judged = not scenario.rate or waited(best, point) <= MOST_WAITED
    cpu, latency = (CPU, LATENCY) if judged else (inf, inf)
    slack = CORE_SLACK * workers * scenario.seconds * 1e6 / expected
    yield Check(f"{name}: CPU per delivery, µs", each, best.values["cpu_us"], cpu, slack)
    if scenario.rate and workers == 1:  # several workers have to share cores with the clients
        for value, ms in (("p50", predicted.p50_ms), ("p99", predicted.p99_ms)):
            measured = best.values[f"{value}_ms"]
            yield Check(f"{name}: {value}, ms", ms, measured, latency, MS_SLACK)


def waited(run: Run, point: Point) -> float:
    """The share of the time in which other processes kept each worker off its core."""
    seconds = run.values.get("waited_seconds", 0.0) / (point.scenario.seconds or 1.0)
    return run.values.get("server_waited", seconds) / point.workers


def _runs(kept: Kept, experiment: str, target: str) -> list[Run]:
    return [run for run in kept.runs if (run.experiment, run.target) == (experiment, target)]


def table(checked: Iterable[Check]) -> Iterator[str]:
    """The checks as a table."""
    titles = ("what", "predicted", "measured", "deviation", "allowed", "")
    return markdown("lrrrrl", titles, map(_row, checked))


def _row(one: Check) -> Sequence[str]:
    allowed = "-" if isinf(one.allowed) else f"factor {one.allowed:g}"
    numbers = (f"{one.predicted:.3g}", f"{one.measured:.3g}", f"{one.deviation:+.0%}")
    return one.what, *numbers, allowed, one.verdict


def summary(checked: Iterable[Check]) -> str:
    """Why the model does not hold; empty if it does. Nothing to compare is no success."""
    judged = [one for one in checked if not isinf(one.allowed)]
    wrong = sum(not one.holds for one in judged)
    if judged and not wrong:
        return ""
    return f"{wrong} of {len(judged)} numbers deviate by more than is allowed"
