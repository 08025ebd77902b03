"""`python -m benchmarks.simulate`: holds the arithmetic of docs/scaling.md against measured runs.

A worker is simulated with the costs that the page states and the product's own rule of when to
send. What that gives for the sizes that were measured is compared with the raw figures; a
deviation beyond what is allowed makes the command fail.
"""

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, isinf
from pathlib import Path
from typing import NamedTuple

from benchmarks.aims import OURS
from benchmarks.figures import Figures, Kept, Middle, kept
from benchmarks.growth import FLOW, named
from benchmarks.scenario import SCENARIOS, Scenario
from benchmarks.stalled import BURST
from hero_router.feed.flush import CORE_SHARE
from hero_router.settings.config import RouterConfig

PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"
PUBLISH_SECONDS = 100e-6
"""About what Redis needs to take one event of a burst."""

SAMPLES = 10
"""A write to all reaches the first client at once and the last one at its end: so many between."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What the page states, in seconds of CPU, and KB; `base` is a part of a core."""

    base: float
    write: float
    event: float
    reply: float
    keepalive: float
    connect: float
    client_kb: float

    @classmethod
    def stated(cls, page: str) -> "Costs":
        """Read the page's formula and its table. Raises ValueError where it says them no more."""
        formula = _find(
            page,
            r"CPU = ([\d.]+) % \+ W . ([\d.]+) µs \+ C . E . ([\d.]+) µs \+ R . ([\d.]+) µs"
            r" \+ C / 15 s . ([\d.]+) µs",
        )
        percent, *times = map(float, formula)
        write, event, reply, keepalive = (told / 1e6 for told in times)
        (connect,) = _find(page, r"\| a connect, with its hello \| ([\d.]+) µs")
        (client,) = _find(page, r"\| an idle client \| ([\d.]+) KB")
        told = write, event, reply, keepalive, float(connect) / 1e6, float(client)
        return cls(percent / 100, *told)


def _find(page: str, pattern: str) -> tuple[str, ...]:
    if found := re.search(pattern, page):
        return tuple(found.groups())
    raise ValueError(f"docs/scaling.md does not say what is read from it: {pattern}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulated worker used, in seconds of CPU, and how long events took, in ms."""

    cpu: float
    writes: int
    p50_ms: float
    p99_ms: float


Arrival = tuple[float, int]
"""When a reply of Redis comes, in seconds, and how many events are in it."""


def arrivals(scenario: Scenario) -> list[Arrival]:
    """The replies that a scenario gives."""
    pace = 1 / scenario.rate if scenario.rate else scenario.batch * PUBLISH_SECONDS
    return [(turn * pace, len(numbers)) for turn, numbers in enumerate(scenario.batches())]


def simulate(
    costs: Costs, clients: int, replies: Sequence[Arrival], longest: float | None = None
) -> Outcome:
    """Run one worker: it reads what has come, and writes to all when its pace says so."""
    most = RouterConfig().stream.flush_ms / 1000 if longest is None else longest
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
        free_at, waiting = clock + min(work * (CORE_SHARE - 1), most), []
    waits.sort()
    p50, p99 = (waits[int(share * (len(waits) - 1))] * 1000 for share in (0.5, 0.99))
    return Outcome(cpu, writes, p50, p99)


def share(costs: Costs, clients: int, rate: float, seconds: int = 20) -> float:
    """The part of a core that so many clients and events a second use, keepalives included."""
    replies = [(number / rate, 1) for number in range(int(rate * seconds))] if rate else []
    working = simulate(costs, clients, replies).cpu / seconds if replies else 0.0
    return costs.base + working + clients / RouterConfig().stream.ping_seconds * costs.keepalive


@dataclass(frozen=True, slots=True)
class Check:
    """A predicted number beside the measured one.

    `allowed` is the greatest factor between them. What is off by no more than `slack` holds too.
    """

    what: str
    predicted: float
    measured: float
    allowed: float
    slack: float = 0.0

    @property
    def deviation(self) -> float:
        """By how much the prediction is too high, as a part of what was measured."""
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
"""Where the server waited longer than for this part of the time, its pace was not its own: what it
could not send in time it joined. Neither its latency nor its CPU is judged then."""

CPU, LATENCY, MEMORY = 1.35, 2.5, 1.25
"""CPU holds to about a third from run to run; latency on a shared machine says little."""

CORE_SLACK, MS_SLACK = 0.005, 5.0
"""Half a percent of a core is no deviation that matters to anybody who plans. An event needs some
milliseconds through Redis and until its reader wakes, which are no part of the arithmetic."""


class Point(NamedTuple):
    """Runs that can be predicted: where they are kept, what was published, and to whom."""

    file: str
    experiment: str
    scenario: Scenario
    target: str = OURS
    workers: int = 1


POINTS = (
    *(Point("streaming", item.name, item) for item in SCENARIOS if not item.full),
    Point("stalled", "unstalled", BURST),
    *(Point("growth", "growth", FLOW, named(workers), workers) for workers in (1, 2, 4)),
)


def checks(costs: Costs, read: Callable[[str], Kept] = kept) -> Iterator[Check]:
    """All that can be checked with what is kept."""
    for point in POINTS:
        yield from _streamed(costs, point, _runs(read(point.file), point.experiment, point.target))
    idle = _runs(read("idle"), "idle", OURS)
    for what, value, predicted, allowed in (
        ("memory of a client, KB", "kb_per_client", costs.client_kb, MEMORY),
        ("CPU of a connect, µs", "connect_cpu_us", costs.connect * 1e6, CPU),
        ("CPU of a keepalive, µs", "ping_cpu_us", costs.keepalive * 1e6, CPU),
    ):
        if any(value in run.values for run in idle):
            yield Check(f"idle: {what}", predicted, _middle(idle, value).value, allowed)


def _streamed(costs: Costs, point: Point, runs: Sequence[Figures]) -> Iterator[Check]:
    scenario, workers = point.scenario, point.workers
    for clients in sorted({run.clients for run in runs}):
        mine = [run for run in runs if run.clients == clients]
        told = simulate(costs, clients // workers, arrivals(scenario))
        due = clients * scenario.events
        each = workers * (told.cpu + costs.base * scenario.seconds) * 1e6 / due
        name = f"{point.experiment}, {clients:,} clients"
        name += f" of {point.target}" if workers > 1 else ""
        best = min(mine, key=lambda run: waited(run, point))
        judged = not scenario.rate or waited(best, point) <= MOST_WAITED
        cpu, latency = (CPU, LATENCY) if judged else (inf, inf)
        slack = CORE_SLACK * workers * scenario.seconds * 1e6 / due
        yield Check(f"{name}: CPU per delivery, µs", each, best.values["cpu_us"], cpu, slack)
        if scenario.rate and workers == 1:  # several workers have to share cores with the clients
            for value, ms in (("p50", told.p50_ms), ("p99", told.p99_ms)):
                yield Check(
                    f"{name}: {value}, ms", ms, best.values[f"{value}_ms"], latency, MS_SLACK
                )


def waited(run: Figures, point: Point) -> float:
    """The part of the time for which other processes kept each worker off its core."""
    seconds = run.values.get("waited_seconds", 0.0) / (point.scenario.seconds or 1.0)
    return run.values.get("server_waited", seconds) / point.workers


def _runs(kept: Kept, experiment: str, target: str) -> list[Figures]:
    return [run for run in kept.runs if (run.experiment, run.target) == (experiment, target)]


def _middle(runs: Sequence[Figures], name: str) -> Middle:
    return Middle.of([run.values[name] for run in runs if name in run.values])


def lines(told: Sequence[Check]) -> Iterator[str]:
    """The checks as a table."""
    yield "| what | predicted | measured | deviation | allowed | |"
    yield "|---|---:|---:|---:|---:|---|"
    for one in told:
        numbers = f"{one.predicted:.3g} | {one.measured:.3g} | {one.deviation:+.0%}"
        allowed = "-" if isinf(one.allowed) else f"factor {one.allowed:g}"
        yield f"| {one.what} | {numbers} | {allowed} | {one.verdict} |"


def main() -> None:
    """Print the checks; fail where one does not hold, or where there is nothing to check."""
    argparse.ArgumentParser(prog="python -m benchmarks.simulate", description=__doc__).parse_args()
    told = list(checks(Costs.stated(PAGE.read_text("utf-8"))))
    print("\n".join(lines(told)))
    judged = [one for one in told if not isinf(one.allowed)]
    wrong = sum(not one.holds for one in judged)
    if wrong or not judged:
        raise SystemExit(f"{wrong} of {len(judged)} numbers deviate by more than is allowed")


if __name__ == "__main__":
    main()
