"""Publishes a steady flow of changes under a lease, like the scanner of a busy node."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from hero_router.position import Position
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.registry import Registry
from hero_router.store.stream_reader import Stream
from tests.support.background import meanwhile
from tests.support.records import put
from tests.support.wait import PATIENCE_SECONDS

NODE, SERVICES = "busy", 8
STEP_SECONDS = 0.01
LEASE_SECONDS = 3600

NOTED_EVERY = 200
"""Events after which the stream is read: it holds several times as many."""

Window = list[tuple[Position, str | None]]
"""Positions and types of the events that the stream has held, however long ago."""


class Publisher:
    """Writes changes of a few services of its own node; `client` is its connection."""

    def __init__(self, client: Redis, step: float) -> None:
        keys = Keys()
        self._lease = Lease(client, keys, NODE, "publisher", LEASE_SECONDS)
        self._registry = Registry(client, keys, RouterConfig().stream.window)
        self._stream = Stream(client, keys)
        self._step = step
        self._known = dict[Position, str | None]()
        self.begun = asyncio.Event()

    async def run(self) -> None:
        """One change after another, until cancelled."""
        grant = await self._lease.acquire()
        assert grant is not None
        number = grant.token * 1_000_000
        while True:
            number += 1
            await self._registry.apply(grant, [put(f"s{number % SERVICES}", number, NODE)])
            if number % NOTED_EVERY == 0:
                await self._note()
            self.begun.set()
            await asyncio.sleep(self._step)

    async def window(self) -> Window:
        """All that the stream has held so far: the truth."""
        await self._note()
        return sorted(self._known.items())

    async def _note(self) -> None:
        snapshot = await self._stream.load()
        self._known |= {event.position: event.type for event in snapshot.window or ()}


@asynccontextmanager
async def publishing(redis_url: str, step: float = STEP_SECONDS) -> AsyncIterator[Publisher]:
    """Changes flow before the block runs and for as long as it does, one each `step` seconds."""
    client = connect(redis_url, name="publisher")
    publisher = Publisher(client, step)
    try:
        async with meanwhile(publisher.run()):
            await asyncio.wait_for(publisher.begun.wait(), PATIENCE_SECONDS)
            yield publisher
    finally:
        await client.aclose()
