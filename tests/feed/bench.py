"""A hub with a clock that the test moves, over a ring that holds the events 1 to 5."""

from hero_router.feed.batch_builder import BatchBuilder
from hero_router.feed.control_frames import ControlFrames
from hero_router.feed.flush_scheduler import FlushScheduler
from hero_router.feed.freshness_stamp import Freshness
from hero_router.feed.hub import Hub
from hero_router.feed.mirror import Mirror
from hero_router.feed.ring import Ring
from hero_router.feed.stream_timing import StreamTiming
from hero_router.feed.subscribers import (
    DEFAULT_OPTIONS,
    SubscribeOptions,
    Subscriber,
    SubscriberState,
)
from hero_router.feed.visible_conditions import VisibleConditions
from hero_router.model import Event
from tests.feed.world import FakeSink, events, position

PING, STALL = 15.0, 60.0
NOW_MS = 7_000

MOST_SLICES = 1_000
"""No test's client has more to read."""


class Clock:
    """Monotonic seconds that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """The hub, its clock, and clients with fake sinks."""

    def __init__(
        self,
        limit: int = 8,
        max_age: float = 0.0,
        flusher: FlushScheduler | None = None,
        *,
        loaded: bool = True,
    ) -> None:
        self.clock = Clock()
        self.ring, self.mirror = Ring(limit), Mirror()
        self.window = BatchBuilder(self.ring)
        timing = StreamTiming(PING, STALL, max_age)
        self.freshness = Freshness(lambda: NOW_MS)
        control = ControlFrames(
            self.ring,
            timing,
            self.freshness,
            VisibleConditions(self.mirror),
            lambda: {"window": limit},
            lambda: 0.5,
        )
        self.flusher = flusher or FlushScheduler(0)
        self.hub = Hub(self.window, control, timing, self.flusher, self.clock)
        if loaded:
            self.load()

    def load(self) -> None:
        """The worker reads the stream for the first time."""
        self.hub.reload(events(1, 5), position(5), "r1")

    def join(
        self,
        cursor: str | None = None,
        *,
        stalled: bool = False,
        options: SubscribeOptions = DEFAULT_OPTIONS,
    ) -> tuple[Subscriber, FakeSink]:
        """A client comes; if `stalled`, it reads no more than its hello."""
        sink = FakeSink()
        client = self.hub.subscribe(sink, cursor, "test", options)
        sink.stalled = stalled
        return client, sink

    def publish(self, first: int, last: int, pad: int = 0) -> None:
        """The numbered events are published."""
        self.publish_all(events(first, last, pad=pad))

    def publish_all(self, published: list[Event]) -> None:
        """These events are published, as the tail hands them over."""
        for start in range(0, len(published), self.hub.max_publish):
            self.hub.publish(published[start : start + self.hub.max_publish])

    def pass_time(self, seconds: float) -> None:
        """Time goes on, Redis says that there is nothing new, and the hub ticks."""
        self.clock.now += seconds
        self.hub.mark_current()
        self.hub.tick()

    def drain(self, client: Subscriber, sink: FakeSink) -> None:
        """The client reads on until it has everything."""
        sink.stalled = False
        sink.take()
        for _ in range(MOST_SLICES):
            if client.state is not SubscriberState.BLOCKED:
                return
            sink.take()
            self.hub.writable(client)
        raise AssertionError("the client reads on, but never gets everything")

    @property
    def unaccounted(self) -> int:
        """Deliveries that have vanished: none, ever."""
        return self.hub.stats.expected - self.hub.stats.completed - self.hub.pending
