"""A worker on a stream in memory, with Redis's law: what was trimmed is missing in silence.

The contract suite holds the real stream; here the test decides what happens, and when.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from hero_router.errors import StoreError
from hero_router.feed.feed import Feed
from hero_router.feed.stream_timing import StreamTiming
from hero_router.model import Event
from hero_router.position import ORIGIN, Position
from hero_router.store.snapshot import Snapshot, Version
from hero_router.strict_json import encode
from tests.feed.world import FakeSink
from tests.support.records import record
from tests.support.wait import eventually

EPOCH = 1_000
BLOCK_SECONDS = 0.01
WINDOW = 8


class MemoryStream:
    """`store.stream.Stream` without Redis. Set `trouble` to let every call fail.

    `window` is how many events it keeps, `drops` are the times at which it was dropped, `at` is the
    time of publication of the next events.
    """

    def __init__(self, window: int = WINDOW) -> None:
        self.window = window
        self.head_ = ORIGIN
        self.run_id = "a" * 40
        self.events: list[Event] = []
        self.services: dict[str, Any] = {}
        self.trouble: Exception | None = None
        self.trouble_at_drop: StoreError | None = None
        self.loads = self.at = 0
        self.drops: list[float] = []

    def publish(self, count: int = 1, epoch: int = EPOCH) -> None:
        """So many next events, each a new state of one of three services."""
        for _ in range(count):
            seq = self.head_.seq + 1 if self.head_.epoch == epoch else 1
            item = json.loads(encode(record(f"s{seq % 3}", changed_at=seq).to_json()))
            self.services[item["id"]] = item
            payload = {"service": item}
            place = Position(epoch, seq)
            line = encode(payload)
            self.add(Event(place, "service_updated", "n1", item["id"], payload, line, self.at))

    def add(self, event: Event) -> None:
        """Any entry at the end; the oldest makes room."""
        self.events = [*self.events, event][-self.window :]
        self.head_ = event.position

    def next(self) -> Position:
        """Where the next entry goes."""
        return self.head_.next() if self.head_ != ORIGIN else Position(EPOCH, 1)

    def vanish(self) -> None:
        """FLUSHALL."""
        self.events, self.services, self.head_ = [], {}, ORIGIN

    def go_back(self, seq: int) -> None:
        """Restored from an older dump."""
        self.events = [event for event in self.events if event.position.seq <= seq]
        self.head_ = Position(self.head_.epoch, seq)

    async def load(self) -> Snapshot:
        """See `Stream`."""
        await asyncio.sleep(0)
        self._check()
        self.loads += 1
        texts = {key: encode(value) for key, value in self.services.items()}
        version = Version(str(self.head_), self.run_id, str(len(texts)))
        return Snapshot(version, 1, texts, {}, tuple(self.events))

    async def audit(self, after: Position) -> Snapshot:
        """See `Stream`."""
        found = await self.load()
        return replace(found, window=tuple(e for e in self.events if e.position > after))

    async def read(self, after: Position) -> list[Event]:
        """See `Stream`."""
        self._check()
        found = [event for event in self.events if event.position > after]
        if not found:
            await asyncio.sleep(BLOCK_SECONDS)
            self._check()
        return found

    async def head(self) -> Position:
        """See `Stream`."""
        self._check()
        return self.head_

    async def disconnect(self) -> None:
        """See `Stream`."""
        self.drops.append(time.monotonic())
        if self.trouble_at_drop is not None:
            raise self.trouble_at_drop

    def _check(self) -> None:
        if self.trouble is not None:
            raise self.trouble


class Scene:
    """A worker's feed on a stream, whose tail the test moves."""

    def __init__(self, stream: Any, window: int = WINDOW) -> None:
        self.stream = stream
        # Only the tail runs: no node is read.
        nodes: Any = None
        times = StreamTiming(ping_seconds=1_000, stall_seconds=1_000)
        self.feed = Feed(stream, nodes, window=window, timing=times, max_delay=0, hello_fields=dict)
        self.tail = self.feed.tail

    def subscribe(self) -> FakeSink:
        """A new client."""
        sink = FakeSink()
        self.feed.hub.subscribe(sink, None, "test")
        return sink

    async def follow(self) -> bool:
        """One step as the tail's task does it; whether a new start was due."""
        if await self.tail.poll():
            return False
        await self.tail.load()
        return True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The tail's task runs meanwhile."""
        task = asyncio.create_task(self.tail.run())
        try:
            await eventually(lambda: self.tail.synced or task.done(), message="the first start")
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled(), task.exception()

    @property
    def conditions(self) -> list[str]:
        """The worker's conditions in words."""
        return [item.detail for item in self.feed.conditions.current]

    def services(self) -> dict[str, Any]:
        """The registry as the worker knows it."""
        return {str(item["id"]): item for item in self.feed.mirror.services()}


def resyncs(sink: FakeSink) -> list[tuple[int | None, str]]:
    """How many events each resync of a client reports, and why."""
    found = [json.loads(each.data) for each in sink.messages if each.event == "resync"]
    return [(data["dropped"], data["reason"]) for data in found]


def balances(scene: Scene) -> None:
    """No delivery has vanished."""
    hub = scene.feed.hub
    assert hub.stats.expected == hub.stats.completed + hub.pending
