"""The world of the state machine: the real Lua on a fake Redis, workers, and clients with stalls.

Only Redis's clock and process are faked; scripts, tail, ring, mirror and hub are the real ones.
"""

import asyncio
import json
from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple, TypeVar

from fakeredis import FakeServer

from hero_router.feed.batch_builder import BatchBuilder
from hero_router.feed.conditions import Conditions
from hero_router.feed.control_frames import ControlFrames
from hero_router.feed.flush_scheduler import FlushScheduler
from hero_router.feed.freshness_stamp import Freshness
from hero_router.feed.hub import Hub
from hero_router.feed.mirror import Mirror
from hero_router.feed.rescan import ScanReplies
from hero_router.feed.ring import Ring
from hero_router.feed.stream_timers import AHEAD_SECONDS
from hero_router.feed.stream_timing import StreamTiming
from hero_router.feed.tail import Tail
from hero_router.feed.visible_conditions import VisibleConditions
from hero_router.model import Change, EventType, Record, Status
from hero_router.position import ORIGIN, Position
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.registry import Registry
from hero_router.store.stream_reader import Stream
from tests.support.fake_redis import fake_redis

T = TypeVar("T")

WINDOW = 6
PING_SECONDS = 5.0
KEYS = Keys()
SLICE_BYTES = 1_000
KERNEL_BYTES = 3 * SLICE_BYTES
"""Only one event or two fit into a slice, so that clients are often in the middle of the window."""


class Dump(NamedTuple):
    """Redis's keys by name, None for one that is missing, and the history that they hold."""

    data: Sequence[tuple[str, bytes | None]]
    kept: Sequence[Position]


class World:
    """One Redis with one scanner's writer.

    `kept` is its history as of now; `neighbours` are events that ever followed each other, also in
    a history that was lost since, which a worker may not have noticed yet.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.server = FakeServer()
        self.client = fake_redis(self.server)
        self.kept: list[Position] = []
        self.deleted: set[Position] = set()
        self.neighbours: set[tuple[Position, Position]] = set()
        self._number = 0
        self._connect()

    def run(self, work: Awaitable[T]) -> T:
        """Run to the end on the world's own loop."""
        return self.loop.run_until_complete(_coroutine(work))

    def _connect(self) -> None:
        """A new scanner with a new lease, as after a restart of Redis."""
        self._number += 1
        lease = Lease(self.client, KEYS, "n1", f"scanner{self._number}", 1000)
        self.run(self.client.delete(KEYS.lease("n1")))
        grant = self.run(lease.acquire())
        assert grant is not None
        self.grant = grant
        self.registry = Registry(self.client, KEYS, WINDOW)

    def change(self, name: str, number: int) -> None:
        """Give a service a new state, as a scanner does: from what Redis holds to what is true."""
        known = self.run(self.registry.view("n1")).records
        record = Record(name, name, "default", "n1", Status.HEALTHY, "", 1, number)
        kind: EventType = "service_updated" if name in known else "service_added"
        self._apply(Change(kind, name, {}, record))

    def remove(self, name: str) -> None:
        """Take a service out of the registry, if it is there."""
        data = {"id": name, "name": name, "context": "default", "node": "n1", "reason": "gone"}
        self._apply(Change("service_removed", name, data))

    def delete(self, back: int) -> None:
        """A foreign hand deletes an event of the stream: the newest, or one before it."""
        if back < min(len(self.kept), WINDOW):
            place = self.kept[-1 - back]
            self.deleted.add(place)
            self.run(self.client.xdel(KEYS.events, str(place)))

    def _apply(self, change: Change) -> None:
        head = self.run(self.registry.apply(self.grant, [change]))
        last = self.kept[-1] if self.kept else ORIGIN
        if head != last:
            self.neighbours.add((last, head))
            self.kept.append(head)

    def dump(self) -> Dump:
        """What a snapshot on disk would hold now, with the stream's last id, deleted or not."""
        names = (KEYS.services, KEYS.meta, KEYS.events)
        return Dump([(name, self.run(self.client.dump(name))) for name in names], list(self.kept))

    def restart(self, dump: Dump) -> None:
        """Another Redis process with this data: a restart, or a replica that was promoted."""
        self.empty()
        for name, data in dump.data:
            if data is not None:
                self.run(self.client.restore(name, 0, data, replace=True))
        self.kept = list(dump.kept)
        self.server.run_id = f"{self._number:040x}"  # type: ignore[attr-defined] # read by INFO
        self._connect()

    def empty(self) -> None:
        """FLUSHALL."""
        self.run(self.client.flushall())
        self.kept = []
        self._connect()

    def records(self) -> dict[str, Any]:
        """The registry as Redis holds it."""
        raw: Any = self.run(self.client.hgetall(KEYS.services))
        return {key.decode(): json.loads(value) for key, value in raw.items()}

    def close(self) -> None:
        """Let go of the loop."""
        self.run(self.client.aclose())
        self.loop.close()


class Worker:
    """One worker's feed, moved by hand instead of by its tasks."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = 0.0
        self.mirror, self.ring = Mirror(), Ring(WINDOW)
        timing = StreamTiming(ping_seconds=PING_SECONDS, stall_seconds=1e9)
        freshness = Freshness()
        control = ControlFrames(
            self.ring, timing, freshness, VisibleConditions(self.mirror), dict, lambda: 0.5
        )
        window = BatchBuilder(self.ring, SLICE_BYTES)
        self.hub = Hub(window, control, timing, FlushScheduler(0), lambda: self.now)
        stream = Stream(world.client, KEYS, block_seconds=0.001)
        self.tail = Tail(
            stream, self.mirror, self.ring, self.hub, Conditions(), ScanReplies(), freshness
        )
        world.run(self.tail.load())

    def catch_up(self) -> None:
        """Read all that there is, as the tail's task would."""
        head = None
        while head != self.ring.head:
            head = self.ring.head
            if not self.world.run(self.tail.poll()):
                self.world.run(self.tail.load())
        # One more idle round: it is what notices a stream that went back.
        if not self.world.run(self.tail.poll()):
            self.world.run(self.tail.load())

    def reconnect(self) -> None:
        """The connection to Redis was lost and is back."""
        self.world.run(self.tail.load())

    def pass_time(self, seconds: float = AHEAD_SECONDS) -> None:
        """Let the hub's time go on."""
        self.now += seconds
        self.hub.mark_current()
        self.hub.tick()


async def _coroutine(work: Awaitable[T]) -> T:
    return await work
