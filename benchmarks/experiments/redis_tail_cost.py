"""The cost of a tail for each worker: what would one for all workers of a machine save?

A worker without clients does nothing but follow. With clients it follows with fewer reads, as it
waits while frames are joined. So sharing could save at most its whole cost without clients.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.experiments.reader_driver import reading
from benchmarks.experiments.streaming import named
from benchmarks.load.resource_usage import Meter
from benchmarks.load.workload_definitions import EventWorkload
from benchmarks.results.runs import Run
from benchmarks.targets.product import Deployment, Product
from benchmarks.targets.target import Server
from hero_router.store.client import connect
from tests.support.background import meanwhile

SECONDS = 4.0
SETTLE_SECONDS = 1.0
BATCHES = 100
"""A second, at most: more events than that are written several at a time."""

FOLLOWED = (
    *((1, 0, 0), (1, 0, 100), (1, 0, 1_000), (1, 1_000, 100), (1, 1_000, 1_000)),
    *((2, 0, 100), (4, 0, 100), (8, 0, 100)),
)
"""Workers, clients and events a second."""


@dataclass(frozen=True, slots=True)
class Store:
    """Redis's pid, its connections, and how many XREADs it has carried out."""

    process: int
    connections: int
    reads: int


async def tails(workers: int, clients: int, rate: int) -> Run:
    """Publish at that rate for some seconds. Raises Broken."""
    async with Product(workers=workers).deployed() as it, _listening(it, clients):
        before = await _store(it)
        theirs, ours = Meter(it.workers), Meter([before.process])
        began = time.monotonic()
        await _publish(it, rate)
        seconds = time.monotonic() - began
        cpu, redis_cpu = theirs.read()[0], ours.read()[0]
        after = await _store(it)
    values = {
        "worker_cpu_percent": cpu / seconds / workers * 100,
        "redis_cpu_percent": redis_cpu / seconds * 100,
        "redis_connections": after.connections,
        "reads_a_second": (after.reads - before.reads) / seconds / workers,
    }
    return Run("tails", titled(workers, rate), clients, values)


def titled(workers: int, rate: int) -> str:
    """The name in the tables."""
    return f"{named(workers)}, {rate:,} events/s"


@asynccontextmanager
async def _listening(it: Deployment, clients: int) -> AsyncIterator[None]:
    """The clients read until publishing is done."""
    server = Server(it.workers, it.config.web.port, it.publisher.head, _nothing)
    async with reading(server) as readers:
        if clients:
            await readers.connect(clients)
        async with meanwhile(readers.drain(SECONDS + SETTLE_SECONDS)):
            await asyncio.sleep(SETTLE_SECONDS)
            yield


async def _nothing(_: object) -> None:
    """This experiment publishes by itself."""


async def _publish(it: Deployment, rate: int) -> None:
    batch = max(rate // BATCHES, 1)
    flow = EventWorkload("tails", f"{rate} events/s", int(rate * SECONDS), batch, rate / batch)
    began = time.monotonic()
    for turn, numbers in enumerate(flow.batches()):
        await asyncio.sleep(began + turn / flow.rate - time.monotonic())
        await it.publisher.publish([flow.change(number) for number in numbers])
    await asyncio.sleep(began + SECONDS - time.monotonic())


async def _store(it: Deployment) -> Store:
    client = connect(it.config.redis.url, name="bench-store", connections=1)
    try:
        info: dict[str, Any] = await client.info("everything")
    finally:
        await client.aclose()
    reads = int(info.get("cmdstat_xread", {"calls": 0})["calls"])
    return Store(int(info["process_id"]), int(info["connected_clients"]), reads)
