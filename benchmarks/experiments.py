"""All that is measured, as steps in the order in which they are run: what finds no time is last."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import chain

from benchmarks.figures import Figures
from benchmarks.floor import Floor
from benchmarks.growth import GROWN, growth, named
from benchmarks.idle import PING_SECONDS, idle
from benchmarks.peers.registry import PEERS
from benchmarks.plan import Step
from benchmarks.product import Product
from benchmarks.rolling import TARGET, WAYS, rolling
from benchmarks.run import measure
from benchmarks.scenario import SCENARIOS, Scenario
from benchmarks.stalled import SMALL_BURST, WINDOW, stalled
from benchmarks.storm import TRIMMED_WINDOW, storm, trim
from benchmarks.tails import FOLLOWED, tails, titled
from benchmarks.target import Target

ROUNDS = 3
LONE_ROUNDS = 5
"""A difference of a millisecond between two latencies is near to what runs differ by."""

STREAMS, CROWD, STORM, SLOW, ROLLED = 1_000, 10_000, 5_000, 100, 500
FEW, FEW_SLOW = 50, 10
EACH, JOINED = Floor("each", "asyncio"), Floor("joined", "asyncio")
ON_UVLOOP = (Floor("each", "uvloop"), Floor("joined", "uvloop"))
COMPARED = ("steady", "burst")
"""The scenarios in which peers stream too, and floors on uvloop."""


def _streaming() -> Iterator[Step]:
    for scenario in SCENARIOS:
        for target in (EACH, JOINED, Product()):
            yield _stream(target, scenario, LONE_ROUNDS if scenario.name == "lone" else ROUNDS)


def _stream(target: Target, scenario: Scenario, rounds: int) -> Step:
    run = partial(_streamed, target, scenario)
    return Step("streaming", scenario.name, target.name, 6 + scenario.seconds, run, rounds)


async def _streamed(target: Target, scenario: Scenario) -> Figures:
    values = asdict(await measure(target, scenario, STREAMS))
    name, told, clients = (values.pop(key) for key in ("scenario", "target", "clients"))
    values |= {f"{key}_ms": value for key, value in values.pop("latency").items()}
    return Figures(name, told, clients, values)


def _idle() -> Iterator[Step]:
    for target in (EACH, Product(ping_seconds=PING_SECONDS)):
        yield Step("idle", "idle", target.name, 20, partial(idle, target, CROWD), ROUNDS)


def _storm() -> Iterator[Step]:
    product = Product(workers=2)
    yield Step("storm", "storm", product.name, 20, partial(storm, product, STORM), ROUNDS)
    yield Step("storm", "storm", product.name, 15, partial(storm, product, STORM // 10))
    product = Product(workers=2, sse_buffer=TRIMMED_WINDOW)
    yield Step("trim", "trim", product.name, 25, partial(trim, product, STORM))


def _rolling() -> Iterator[Step]:
    for way in WAYS:
        yield Step("rolling", way, TARGET, 25, partial(rolling, way, ROLLED))


def _growth() -> Iterator[Step]:
    for workers, clients in GROWN:
        run = partial(growth, workers, clients)
        yield Step("growth", "growth", named(workers), 12, run)


def _tails() -> Iterator[Step]:
    for workers, clients, rate in FOLLOWED:
        run = partial(tails, workers, clients, rate)
        yield Step("tails", "tails", titled(workers, rate), 9, run)


def _stalled() -> Iterator[Step]:
    product = Product(sse_buffer=WINDOW)
    for slow in (0, SLOW):
        run = partial(stalled, product, STREAMS, slow)
        name = "stalled" if slow else "unstalled"
        yield Step("stalled", name, product.name, 45, run, ROUNDS)


def _peers() -> Iterator[Step]:
    for scenario in (item for item in SCENARIOS if item.name in COMPARED):
        for target in (*PEERS, *ON_UVLOOP):
            yield _stream(target, scenario, 1)
    everyone: Sequence[Target] = (EACH, Product(), *PEERS)
    for target in everyone:
        run = partial(stalled, target, FEW, FEW_SLOW, SMALL_BURST)
        yield Step("crowded", "stalled", target.name, 17, run)
    for target in PEERS:
        yield Step("idle", "idle", target.name, 20, partial(idle, target, CROWD))


PLAN: Sequence[Callable[[], Iterator[Step]]] = (
    _streaming,
    _idle,
    _storm,
    _rolling,
    _growth,
    _stalled,
    _peers,
    _tails,
)


def steps() -> list[Step]:
    """All of them."""
    return list(chain.from_iterable(part() for part in PLAN))


def names() -> list[str]:
    """The files in which they are kept."""
    return list(dict.fromkeys(step.file for step in steps()))
