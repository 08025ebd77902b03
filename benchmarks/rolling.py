"""All web workers behind HAProxy are replaced under load: does any client notice?

The topology is that of the tests: docker-compose.yml's commands and configuration as processes.
Clients come back with their positions when they were told to.
"""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from benchmarks.door import watched
from benchmarks.figures import Figures
from benchmarks.measure import ALL_CORES, pinned
from benchmarks.process import Broken, Child, child
from benchmarks.product import Publisher, publisher
from benchmarks.scenario import NODE, Scenario
from benchmarks.storm import LIVE_SECONDS, flowing, live, sums
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.stream import Stream
from tests.deploy.topology import Topology
from tests.support.wait import eventually

FLOW = Scenario("rolling", "20 events/s", events=1_000_000, batch=1, rate=20)
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


async def rolling(way: str, clients: int) -> Figures:
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


async def _rolled(topology: Topology, way: str, clients: int) -> Figures:
    config = RouterConfig.of(redis_url=topology.redis_url, node=NODE)
    port = urlsplit(topology.url).port
    assert port is not None
    command = [sys.executable, "-m", "benchmarks.roamer"]
    async with (
        publisher(config) as writer,
        child(command, core=ALL_CORES, speaks=True) as roamers,
        watched(port) as door,
    ):
        await writer.begin()
        roamers.tell(port=port, number=clients, pause=None)
        await roamers.hear(LIVE_SECONDS)
        await live(roamers, clients)
        seconds = await _under_load(topology, WAYS[way], writer, roamers)
        await _caught_up(config, roamers)
        end = await sums(roamers)
    values = {
        "seconds": seconds,
        "instances": len(topology.instances),
        "came_back": end["comebacks"],
        "delivered": end["events"],
        **{name: end[name] for name in ("lost", "doubled", "resyncs")},
        **{f"{name}_s": end[name] for name in ("silence_p50", "silence_p99", "silence_most")},
        "ready_asked": door.asked,
        "ready_refused": door.refused,
        "ready_late": door.late,
    }
    return Figures(way, TARGET, clients, values)


async def _under_load(
    topology: Topology,
    replace: Callable[[Topology, str], Awaitable[None]],
    writer: Publisher,
    roamers: Child,
) -> float:
    """Replace all workers while events flow; returns how long that took."""
    async with flowing(writer, FLOW):
        await asyncio.sleep(BEFORE_SECONDS)
        await sums(roamers, forget=True)
        began = time.monotonic()
        for name in topology.instances:
            await replace(topology, name)
            await topology.balanced()
        seconds = time.monotonic() - began
        await asyncio.sleep(BEFORE_SECONDS)
        return seconds


async def _caught_up(config: RouterConfig, roamers: Child) -> None:
    """Wait until every client has the last event."""
    client = connect(config.redis.url, name="bench-head", connections=1)
    try:
        head = await Stream(client, Keys(config.redis.prefix)).head()
    finally:
        await client.aclose()

    async def have_all() -> bool:
        return bool((await sums(roamers))["least_seq"] >= head.seq)

    await eventually(have_all, LIVE_SECONDS, "every client has the last event")
