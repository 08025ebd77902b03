"""Web workers behind HAProxy are replaced, one instance after the other: does a client notice?

The topology is that of the tests: docker-compose.yml's commands and configuration as processes.
Clients come back with their positions when `retry:` says so.
"""

import asyncio
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from benchmarks.experiments.roamer_driver import LIVE_SECONDS, Roamers, flowing, roaming
from benchmarks.load.load_balancer_health_checks import polled
from benchmarks.load.process import Broken
from benchmarks.load.resource_usage import ALL_CORES, pinned
from benchmarks.load.workload_definitions import NODE, EventWorkload
from benchmarks.results.runs import Run
from benchmarks.targets.product import Publisher, publisher
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.stream_reader import Stream
from tests.deploy.topology import Topology
from tests.support.wait import eventually

FLOW = EventWorkload("rolling", "20 events/s", events=1_000_000, batch=1, rate=20)
END_SECONDS = 20.0
BEFORE_SECONDS = 2.0
TARGET = "hero_router"


async def restart(topology: Topology, name: str) -> None:
    """End an instance by SIGTERM and start it again, as an upgrade does."""
    process = topology.running[name]
    process.send(signal.SIGTERM)
    await eventually(lambda: not process.alive, END_SECONDS, f"{name} ends")
    await topology.restart(name)
    await topology.healthy(name)


async def reload(topology: Topology, name: str) -> None:
    """Have an instance replace its workers by HUP."""
    process = topology.running[name]
    before = _workers(process.pid)
    process.send(signal.SIGHUP)

    def are_replaced() -> bool:
        now = _workers(process.pid)
        return len(now) >= len(before) and not now & before

    await eventually(are_replaced, END_SECONDS, f"the workers of {name} are replaced")


def _workers(master: int) -> set[int]:
    return {worker.pid for worker in psutil.Process(master).children()}


WAYS: dict[str, Callable[[Topology, str], Awaitable[None]]] = {
    "restart": restart,
    "reload": reload,
}
"""How an instance's workers are replaced."""


async def rolling(way: str, clients: int) -> Run:
    """Replace the workers of one instance after the other. Raises Broken."""
    with pinned(ALL_CORES):
        async with _topology() as topology:
            return await _rolled(topology, way, clients)


@asynccontextmanager
async def _topology() -> AsyncIterator[Topology]:
    with tempfile.TemporaryDirectory(prefix="hero_router-bench-") as folder:
        topology = Topology(Path(folder))
        try:
            await topology.start()
            yield topology
        except AssertionError as error:
            raise Broken(str(error)) from error
        finally:
            await asyncio.to_thread(topology.close)


async def _rolled(topology: Topology, way: str, clients: int) -> Run:
    config = RouterConfig.of(redis_url=topology.redis_url, node=NODE)
    port = urlsplit(topology.url).port
    assert port is not None
    async with publisher(config) as writer:
        await writer.begin()
        async with roaming(port, clients, None, ALL_CORES) as roamers, polled(port) as ready:
            seconds = await _under_load(topology, WAYS[way], writer, roamers)
            await _caught_up(config, roamers)
            end = await roamers.sums()
    values = {
        "seconds": seconds,
        "instances": len(topology.instances),
        "came_back": end["comebacks"],
        "delivered": end["events"],
        **{name: end[name] for name in ("lost", "doubled", "resyncs")},
        **{f"{name}_s": end[name] for name in ("silence_p50", "silence_p99", "silence_most")},
        **ready.values(),
    }
    return Run(way, TARGET, clients, values)


async def _under_load(
    topology: Topology,
    replace: Callable[[Topology, str], Awaitable[None]],
    writer: Publisher,
    roamers: Roamers,
) -> float:
    """Replace all workers while events flow; returns how long that took."""
    async with flowing(writer, FLOW):
        await asyncio.sleep(BEFORE_SECONDS)
        await roamers.sums(forget=True)
        began = time.monotonic()
        for name in topology.instances:
            await replace(topology, name)
            await topology.balanced()
        seconds = time.monotonic() - began
        await asyncio.sleep(BEFORE_SECONDS)
        return seconds


async def _caught_up(config: RouterConfig, roamers: Roamers) -> None:
    """Wait until every client has the last event."""
    client = connect(config.redis.url, name="bench-head", connections=1)
    try:
        head = await Stream(client, Keys(config.redis.prefix)).head()
    finally:
        await client.aclose()
    await roamers.until(
        lambda seen: bool(seen["least_seq"] >= head.seq),
        LIVE_SECONDS,
        "not every client has the last event",
    )
