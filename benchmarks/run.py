"""One measurement: start a target, connect the clients, publish a scenario, read the meters."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.measure import LOAD_CORE, Latency, Meter, memory_bytes
from benchmarks.process import Child, child
from benchmarks.scenario import AT_MS, CREATED_MS, Scenario
from benchmarks.target import Server, Target
from hero_router.position import Position

PATH = "/api/events"
CONNECT_SECONDS = 30.0
SETTLE_SECONDS = 1.0
"""Idle time before memory is read, so that what connecting took is given back."""
SILENCE_SECONDS = 5.0
"""Clients that read nothing for so long have all that they will ever get."""
PATIENCE_SECONDS = 10.0
"""What has not come so long after the last event was due is told as undelivered."""
WATCH_SECONDS = 150.0
JUDGE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one target in one scenario; counts are deliveries over all clients.

    `cpu_us` is server CPU per delivery; loads are CPU time over the span from the first event's
    publishing to the last one's reading. `server_waited` is the share of that span for which other
    processes kept the server off its core: where it is large, look at CPU only, not at latency.
    """

    target: str
    scenario: str
    clients: int
    frame_bytes: float
    delivered: int
    lost: int
    undelivered: int
    doubled: int
    disordered: int
    resyncs: int
    missed: int
    inexact: int
    cpu_us: float
    span_seconds: float
    server_load: float
    server_waited: float
    client_load: float
    latency: Latency
    memory_bytes: float
    connect_seconds: float

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)


async def measure(target: Target, scenario: Scenario, clients: int) -> Result:
    """Run one scenario against one target. Raises Broken."""
    async with target.start(scenario) as server:
        swarm = [sys.executable, "-m", "benchmarks.client"]
        async with child(swarm, core=LOAD_CORE, speaks=True) as readers:
            return await _measure(target.name, server, readers, scenario, clients)


async def _measure(
    name: str, server: Server, readers: Child, scenario: Scenario, clients: int
) -> Result:
    seconds, memory = await connect(server, readers, clients)
    least = await watch(server, readers, scenario)
    meter = Meter(server.pids)
    published = await publish(server, scenario)
    end = await readers.hear(WATCH_SECONDS)
    cpu, waited = meter.read()
    span = (end["at"] - meter.began_ns) / 1e9
    verdict = await judged(server, readers, published)
    return Result(
        target=name,
        scenario=scenario.name,
        clients=clients,
        frame_bytes=least / scenario.events,
        cpu_us=cpu * 1e6 / max(verdict["delivered"], 1),
        span_seconds=span,
        server_load=cpu / span,
        server_waited=waited / span,
        client_load=end["cpu_seconds"] / span,
        memory_bytes=memory / clients,
        connect_seconds=seconds,
        latency=Latency(**verdict.pop("latency")),
        **verdict,
    )


async def watch(server: Server, readers: Child, scenario: Scenario, *, slow: bool = False) -> int:
    """Let the readers, or now the slow ones, read; they answer once more when they are done.

    Returns how many bytes each is to get at least.
    """
    least, mark = expected(server, scenario)
    patience = PATIENCE_SECONDS + (0 if slow else scenario.seconds)
    order = {"least": 0 if slow else least, "last": mark, "silence": SILENCE_SECONDS}
    readers.tell(do="wake" if slow else "watch", **order, seconds=patience)
    await readers.hear(CONNECT_SECONDS)
    return least


def expected(server: Server, scenario: Scenario) -> tuple[int, str]:
    """How many bytes every client receives at least, and what is in the last event alone."""
    epoch, seq = server.head
    numbers = range(1, scenario.events + 1)
    at = 0 if server.by_data else AT_MS  # what peers send on is as it is in Redis
    frames = [scenario.frame(number, Position(epoch, seq + number), at=at) for number in numbers]
    if server.by_data:
        return sum(len(it.partition(b"data:")[2]) for it in frames), scenario.mark(numbers[-1])
    return sum(map(len, frames)), frames[-1].partition(b"\n")[0].decode("ascii") + "\n"


async def judged(
    server: Server, readers: Child, published: Sequence[int], *, slow: bool = False
) -> dict[str, Any]:
    """What the readers, or the slow ones of them, make of what they read."""
    since = CREATED_MS - server.head.seq if server.by_data else None
    readers.tell(do="judge", slow=slow, first=server.head.seq + 1, published=published, since=since)
    return await readers.hear(JUDGE_SECONDS)


async def connect(server: Server, readers: Child, clients: int, slow: int = 0) -> tuple[float, int]:
    """Connect all; returns how many seconds that took, and by how many bytes the server grew."""
    connected, seconds, grown = await connect_some(server, readers, clients, slow)
    if connected < clients:
        raise readers.broken(f"connected only {connected} of {clients} streams")
    return seconds, grown


async def connect_some(
    server: Server, readers: Child, clients: int, slow: int = 0
) -> tuple[int, float, int]:
    """Connect as many as come in time; returns also how many those are."""
    before = memory_bytes(server.pids)
    order = {"port": server.port, "path": PATH, "number": clients, "slow": slow}
    readers.tell(do="connect", **order, seconds=CONNECT_SECONDS)
    answer = await readers.hear(CONNECT_SECONDS * 2)
    await asyncio.sleep(SETTLE_SECONDS)
    return answer["connected"], answer["seconds"], memory_bytes(server.pids) - before


async def publish(server: Server, scenario: Scenario) -> list[int]:
    """Hand over all batches at their time; returns when each event was handed over (ns)."""
    began, published = time.monotonic(), list[int]()
    for turn, numbers in enumerate(scenario.batches()):
        if scenario.rate:
            await asyncio.sleep(began + turn / scenario.rate - time.monotonic())
        published += [time.monotonic_ns()] * len(numbers)
        await server.publish(numbers)
    return published
