"""`Feed`: builds and runs the stream reader, registry copy, event ring and fan-out of one worker.

Metrics and routes ask the feed for figures; they need not know its objects.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from hero_router.feed import delivery_stats
from hero_router.feed.batch_builder import BatchBuilder
from hero_router.feed.conditions import Condition, Conditions
from hero_router.feed.control_frames import ControlFrames
from hero_router.feed.delivery_stats import DeliveryStats, SubscriberStats
from hero_router.feed.filters import Filter
from hero_router.feed.flush_scheduler import FlushScheduler
from hero_router.feed.freshness_stamp import Freshness, system_ms
from hero_router.feed.hub import Hub
from hero_router.feed.mirror import Mirror
from hero_router.feed.node_monitor import NodeMonitor
from hero_router.feed.rescan import ScanReplies
from hero_router.feed.ring import Ring
from hero_router.feed.stream_timing import TICK, StreamTiming
from hero_router.feed.subscribers import Subscriber
from hero_router.feed.tail import Tail
from hero_router.feed.tail_primary_check import TailPrimaryCheck
from hero_router.feed.visible_conditions import VisibleConditions
from hero_router.position import Position
from hero_router.store.stream_reader import NodeReader, Stream


class Samples(NamedTuple):
    """Delays in seconds, measured since the last call of `Feed.take_samples`.

    A read delay is the time between an event's publication and its read, one for each read; a
    flush delay is the time between its read and the end of its flush, one for each flush.
    """

    read_delays: Sequence[float]
    flush_delays: Sequence[float]


class WindowStatus(NamedTuple):
    """Which of the newest events a worker keeps; see `Ring` for `span` and `oldest_at`."""

    head: Position
    events: int
    limit: int
    full: bool
    span: float
    oldest_at: int


class Feed:
    """A worker's copy of the registry, and the event streams that the worker sends.

    `window` is how many of the newest events are kept. `max_delay` is the longest time in seconds
    that events wait to be sent together. `hello_fields` gives the further fields of each `hello`,
    `now_ms` Unix ms by Redis's clock.
    """

    def __init__(
        self,
        stream: Stream,
        nodes: NodeReader,
        *,
        window: int,
        timing: StreamTiming,
        max_delay: float,
        hello_fields: Callable[[], Mapping[str, object]],
        now_ms: Callable[[], int] = system_ms,
    ) -> None:
        self.mirror, self.scan_replies = Mirror(), ScanReplies()
        self.conditions, self.freshness = Conditions(now_ms), Freshness(now_ms)
        self.ring = Ring(window)
        self.flusher = FlushScheduler(max_delay)
        self._told = VisibleConditions(self.mirror)
        control = ControlFrames(self.ring, timing, self.freshness, self._told, hello_fields)
        self.hub = Hub(BatchBuilder(self.ring), control, timing, self.flusher)
        self.tail = Tail(
            stream,
            self.mirror,
            self.ring,
            self.hub,
            self.conditions,
            self.scan_replies,
            self.freshness,
        )
        watchdog = TailPrimaryCheck(nodes, self.ring, self.tail, self.conditions)
        self.nodes = NodeMonitor(nodes, self.mirror, self.conditions, also=watchdog.check)
        self.conditions.on_change = self._conditions_changed
        self.draining = self.failed = False

    async def run(self) -> None:
        """Run the tail, the node monitor and the hub's tick until cancelled; an error ends all."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.tail.run(), name="tail")
                tasks.create_task(self.nodes.run(), name="nodes")
                tasks.create_task(self._tick(), name="tick")
        except Exception:
            self.failed = True
            raise

    async def wait_loaded(self) -> None:
        """Wait until `loaded`, or until the first attempt to load the state has failed."""
        await self.tail.first_load.wait()
        if self.tail.synced:
            await self.nodes.checked.wait()

    @property
    def loaded(self) -> bool:
        """Whether the state and what is known of the nodes were ever read."""
        return self.tail.synced and self.nodes.checked.is_set()

    @property
    def ready(self) -> bool:
        """Whether this worker follows the stream that Redis serves, and is not shutting down."""
        return self.loaded and self.conditions.blinding is None and not self.draining

    def status(self, shown: Filter | None = None) -> dict[str, object]:
        """Whether this worker is ready, why not, and how far it has read; served by `/ready`.

        The conditions are those for a caller who may see what `shown` shows; None shows everything.
        """
        return {
            "ready": self.ready,
            "reason": "" if self.ready else self._why_not_ready(),
            "cursor": str(self.ring.head),
            "window": len(self.ring),
            "clients": len(self.hub.subscribers),
            "stale": [item.to_json() for item in self.conditions_for(shown)],
        }

    def conditions_for(self, shown: Filter | None) -> tuple[Condition, ...]:
        """The conditions for a caller who may see what `shown` shows; None shows everything."""
        return self._told.of(self.conditions.current, shown)

    def _why_not_ready(self) -> str:
        if self.draining:
            return "shutting down"
        blinding = self.conditions.blinding
        return blinding.detail if blinding else "not yet read from Redis"

    def window_status(self) -> WindowStatus:
        """Which of the newest events are kept now."""
        ring = self.ring
        return WindowStatus(ring.head, len(ring), ring.limit, ring.full, ring.span, ring.oldest_at)

    def delivery_stats(self) -> DeliveryStats:
        """The counts of deliveries since the worker began; the object goes on counting."""
        return self.hub.stats

    def subscriber_stats(self) -> SubscriberStats:
        """How many subscribers are in each state, and how many deliveries are due to them."""
        return delivery_stats.subscriber_stats(self.ring, self.hub.subscribers, self.hub.stats)

    def most_lagging(self, number: int) -> list[tuple[int, Subscriber]]:
        """Up to `number` subscribers, each with its lag; those that lag or wait come first."""
        return delivery_stats.most_lagging(self.ring, self.hub.subscribers, number)

    def redis_errors(self) -> Counter[str]:
        """Errors of Redis since the worker began, by code."""
        return self.tail.errors + self.nodes.errors

    @property
    def invalid_entries(self) -> int:
        """Entries of the stream, since the worker began, that hero_router did not write."""
        return self.tail.invalid_entries

    def take_samples(self, clock_ahead: float | None) -> Samples:
        """The delays since the last call. `clock_ahead` is Redis's clock minus this machine's.

        While `clock_ahead` is unknown (None), the reads are kept for a later call.
        """
        reads, flush_delays = list[float](), tuple(self.flusher.delays)
        self.flusher.delays.clear()
        if clock_ahead is not None:
            for read_at, published_ms in self.tail.reads:
                if published_ms:
                    reads.append(max(read_at + clock_ahead - published_ms / 1000, 0))
            self.tail.reads.clear()
        return Samples(reads, flush_delays)

    def drain(self, seconds: float = 0.0) -> None:
        """Begin to shut down: the worker is no longer ready; all streams end within `seconds`."""
        self.draining = True
        self.hub.close(seconds)

    async def wait_drained(self, seconds: float) -> None:
        """Wait until the last stream has ended, for `seconds` at most."""
        for _ in range(math.ceil(seconds / TICK)):
            if self.hub.subscribers:
                await asyncio.sleep(TICK)

    def _conditions_changed(self) -> None:
        self.mirror.revision += 1
        self.hub.send_conditions(self.conditions.current)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.hub.tick()
