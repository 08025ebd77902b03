"""A peer in Python as a target: a real Redis, the peer's own process, and a publisher."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from benchmarks.load.process import START_SECONDS, child
from benchmarks.load.resource_usage import SERVER_CORE
from benchmarks.load.workload_definitions import EventWorkload
from benchmarks.targets.floor import HEAD
from benchmarks.targets.product import private_redis
from benchmarks.targets.python_peer_common import STREAM
from benchmarks.targets.target import Server
from hero_router.position import Position
from hero_router.settings.config import RouterConfig
from hero_router.store.client import Redis, connect

MOST_CLIENTS = ("--maxclients", "20000")
"""One of the peers has a connection to Redis for each client."""


class PythonPeer:
    """A module of this package that is run with the URL of Redis."""

    def __init__(self, name: str, module: str) -> None:
        self.name, self._module = name, module

    @asynccontextmanager
    async def start(self, scenario: EventWorkload) -> AsyncIterator[Server]:
        """Run it as a process of its own. Raises Broken."""
        async with private_redis(*MOST_CLIENTS) as url:
            command = [sys.executable, "-m", f"benchmarks.targets.{self._module}", url]
            async with child(command, core=SERVER_CORE, speaks=True) as process:
                ready = await process.hear(START_SECONDS)
                client = connect(url, name="bench")

                async def publish(numbers: Sequence[int]) -> None:
                    await _add(client, scenario, numbers)

                try:
                    yield Server((process.pid,), ready["port"], HEAD, publish)
                finally:
                    await client.aclose()


async def _add(client: Redis, scenario: EventWorkload, numbers: Sequence[int]) -> None:
    """Append events to a stream that keeps as many as the product's."""
    kept = RouterConfig().stream.window
    pipeline = client.pipeline(transaction=False)
    for number in numbers:
        # With the time at which it was published: its clients wait for exactly these bytes.
        data = scenario.frame(number, Position(HEAD.epoch, number)).partition(b"data: ")[2]
        fields = {"type": scenario.change(number).type, "data": data.rstrip()}
        pipeline.xadd(STREAM, fields, id=f"{HEAD.epoch}-{number}", maxlen=kept, approximate=False)  # type: ignore[arg-type]
    await pipeline.execute()
