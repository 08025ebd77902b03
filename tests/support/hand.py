"""A hand that writes the registry of a real Redis as a scanner does, change by change."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from hero_router.history.minute_writes import Row
from hero_router.history.rings import MINUTE_MS
from hero_router.model import Change, Status
from hero_router.position import Position
from hero_router.settings.redis import RedisSettings
from hero_router.store.client import connect
from hero_router.store.history import HistoryStore, Minute
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.registry import Registry
from hero_router.strict_json import decode
from tests.support.records import gone, put, record, report

NODE, SCANNER = "n2", "hand"
STATUSES = list(Status)


class Hand:
    """Writes the registry under a lease of its own node, as a scanner does."""

    def __init__(self, to: RedisSettings | str, window: int) -> None:
        self._client = connect(to, name="hand")
        self._lease = Lease(self._client, Keys(), NODE, SCANNER, 3600)
        self._registry = Registry(self._client, Keys(), window)
        self._number = 0
        self._turns: dict[str, int] = {}

    async def begin(self, services: int = 0) -> None:
        """Take the lease, anew after Redis was emptied or restarted, and add `s0`, `s1` …"""
        await self._client.connection_pool.disconnect()
        grant = await self._lease.acquire()
        assert grant is not None
        self._grant = grant
        await self.report()
        for index in range(services):
            await self.change(f"s{index}")

    async def report(self, **fields: Any) -> None:
        """The node's report, with these fields."""
        known = {"scanner": SCANNER, "probe_ms": {"median": 1.5, "longest": 1.5}}
        await self._registry.apply(self._grant, [], report(node=NODE, **(known | fields)))

    async def beside(self, node: str, *changes: Change) -> Position:
        """The scanner of another node writes these changes; it holds its lease from then on."""
        grant = await Lease(self._client, Keys(), node, f"{node}-scanner", 3600).acquire()
        assert grant is not None
        return await self._registry.apply(grant, changes, report(node=node))

    async def give_way(self) -> None:
        """Another scanner takes the lease, and has reported nothing yet."""
        await self._lease.release(self._grant)
        assert await Lease(self._client, Keys(), NODE, "another", 600).acquire()

    async def change(self, name: str, **fields: Any) -> Position:
        """Give a service its next state; its status is never the one before. Returns the place."""
        self._number += 1
        self._turns[name] = self._turns.get(name, self._number) + 1
        status = STATUSES[self._turns[name] % len(STATUSES)]
        return await self.write(put(name, self._number, NODE, **{"status": status, **fields}))

    async def changes(self, name: str, count: int) -> Position:
        """So many next states of a service in one step; returns the last event's position."""
        first = self._number + 1
        self._number += count
        steps = [put(name, number, NODE) for number in range(first, first + count)]
        return await self._registry.apply(self._grant, steps)

    async def remove(self, name: str) -> Position:
        """A service leaves."""
        return await self.write(gone(name, NODE))

    async def write(self, change: Change, **documents: str) -> Position:
        """Write one change of any kind, and documents by digest."""
        return await self._registry.apply(self._grant, [change], documents=documents)

    async def past(self, **letters: str) -> None:
        """The last minutes of services, as a scanner writes them, up to the one that has passed."""
        now = int(time.time() * 1000) // MINUTE_MS
        store = HistoryStore(self._client, Keys())
        length = max(map(len, letters.values()))
        ids = {record(name, NODE).id: text for name, text in letters.items()}
        for back in range(length, 0, -1):
            rows = {id_: Row(text[-back], "CO") for id_, text in ids.items() if back <= len(text)}
            await store.write(self._grant, Minute(now - back, now - length, rows))

    async def statuses(self) -> Mapping[str, str]:
        """The truth: each service's status by id, as Redis holds it."""
        raw: Any = await self._client.hgetall(Keys().services)
        return {key.decode(): decode(value)["status"] for key, value in raw.items()}

    async def close(self) -> None:
        """Let go of Redis."""
        await self._client.aclose()


@asynccontextmanager
async def writing(to: RedisSettings | str, window: int, services: int = 0) -> AsyncIterator[Hand]:
    """A hand that has begun, with `s0`, `s1` … in the registry; it closes with the block."""
    hand = Hand(to, window)
    await hand.begin(services)
    try:
        yield hand
    finally:
        await hand.close()
