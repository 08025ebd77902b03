"""All experiments as steps, in the order in which they run: the last ones may find no time."""

from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.experiments.idle import PING_SECONDS, idle
from benchmarks.experiments.proxying import steps as proxying_steps
from benchmarks.experiments.redis_tail_cost import FOLLOWED, tails, titled
from benchmarks.experiments.rolling import TARGET, WAYS, rolling
from benchmarks.experiments.stalled import WINDOW, stalled
from benchmarks.experiments.step_sequence import Step
from benchmarks.experiments.storm import TRIMMED_WINDOW, storm, trim
from benchmarks.experiments.streaming import growth, named, streaming
from benchmarks.load.workload_definitions import SCENARIOS, SMALL_BURST, EventWorkload
from benchmarks.targets.floor import Floor
from benchmarks.targets.product import Product
from benchmarks.targets.registry import PEERS
from benchmarks.targets.target import Target

ROUNDS = 3
LONE_ROUNDS = 5
"""A difference of a millisecond between two latencies is near to what runs differ by."""

STREAMS, CROWD, STORM, SLOW, ROLLED = 1_000, 10_000, 5_000, 100, 500
FEW, FEW_SLOW = 50, 10
GROWN = ((1, 100), (1, 1_000), (1, 4_000), (1, 10_000), (2, 4_000), (4, 4_000))
"""Workers and clients."""

EACH, JOINED = Floor("each", "asyncio"), Floor("joined", "asyncio")
ON_UVLOOP = (Floor("each", "uvloop"), Floor("joined", "uvloop"))
COMPARED = ("steady", "burst")
"""The scenarios in which peers stream too, and floors on uvloop."""


def stream(target: Target, scenario: EventWorkload, rounds: int, clients: int = STREAMS) -> Step:
    """One scenario to all clients of one server."""
    run = partial(streaming, target, scenario, clients)
    return Step("streaming", scenario.name, target.name, 6 + scenario.seconds, run, rounds)


def steps() -> list[Step]:
    """All of them."""
    return [*_product(), *proxying_steps(), *_peers(), *_tails()]


def _product() -> Iterator[Step]:
    for scenario in SCENARIOS:
        for target in (EACH, JOINED, Product()):
            yield stream(target, scenario, LONE_ROUNDS if scenario.name == "lone" else ROUNDS)
    for target in (EACH, Product(ping_seconds=PING_SECONDS)):
        yield Step("idle", "idle", target.name, 20, partial(idle, target, CROWD), ROUNDS)
    two = Product(workers=2)
    yield Step("storm", "storm", two.name, 20, partial(storm, two, STORM), ROUNDS)
    yield Step("storm", "storm", two.name, 15, partial(storm, two, STORM // 10))
    two = Product(workers=2, sse_buffer=TRIMMED_WINDOW)
    yield Step("trim", "trim", two.name, 25, partial(trim, two, STORM))
    for way in WAYS:
        yield Step("rolling", way, TARGET, 25, partial(rolling, way, ROLLED))
    for workers, clients in GROWN:
        run = partial(growth, workers, clients)
        yield Step("growth", "growth", named(workers), 12, run)
    wide = Product(sse_buffer=WINDOW)
    for slow, name in ((0, "unstalled"), (SLOW, "stalled")):
        run = partial(stalled, wide, STREAMS, slow)
        yield Step("stalled", name, wide.name, 45, run, ROUNDS)


def _peers() -> Iterator[Step]:
    for scenario in (item for item in SCENARIOS if item.name in COMPARED):
        for target in (*PEERS, *ON_UVLOOP):
            yield stream(target, scenario, 1)
    everyone: Sequence[Target] = (EACH, Product(), *PEERS)
    for target in everyone:
        run = partial(stalled, target, FEW, FEW_SLOW, SMALL_BURST)
        yield Step("crowded", "stalled", target.name, 17, run)
    for target in PEERS:
        yield Step("idle", "idle", target.name, 20, partial(idle, target, CROWD))


def _tails() -> Iterator[Step]:
    for workers, clients, rate in FOLLOWED:
        run = partial(tails, workers, clients, rate)
        yield Step("tails", "tails", titled(workers, rate), 9, run)


def names() -> list[str]:
    """The files in which they are kept."""
    return list(dict.fromkeys(step.file for step in steps()))
