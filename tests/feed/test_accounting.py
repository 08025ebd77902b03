"""Accounting: whatever happens to subscribers and stream, no delivery is unaccounted for."""

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from hero_router.feed.conditions import Condition
from hero_router.feed.filters import Filter
from hero_router.feed.stream_timers import AHEAD_SECONDS
from hero_router.feed.subscribers import (
    DEFAULT_OPTIONS,
    SubscribeOptions,
    Subscriber,
    SubscriberState,
)
from hero_router.position import Position
from tests.feed.bench import PING, STALL, Bench
from tests.feed.world import EPOCH, FakeSink, events, position

OPTIONS = [
    DEFAULT_OPTIONS,
    SubscribeOptions(Filter.of(services=["s3", "s7"])),
    SubscribeOptions(conflate=True),
]


class Life:
    """A bench whose clients and stream go through random steps."""

    def __init__(self) -> None:
        self.bench = Bench(limit=6)
        self.clients = [self.bench.join(options=options) for options in OPTIONS]
        self.head, self.epoch = 5, EPOCH

    def step(self, name: str, number: int) -> None:
        """Do one of `STEPS`."""
        getattr(self, name)(number, *self.clients[number % len(self.clients)])

    def join(self, number: int, *_: object) -> None:
        cursor = str(Position(self.epoch, max(self.head + 2 - number, 0)))
        self.clients.append(self.bench.join(cursor, options=OPTIONS[number % 3]))

    def publish(self, number: int, *_: object) -> None:
        self.bench.publish_all(events(self.head + 1, self.head + number, self.epoch))
        self.head += number

    def stall(self, _: int, __: Subscriber, sink: FakeSink) -> None:
        sink.stalled = True

    def drain(self, _: int, client: Subscriber, sink: FakeSink) -> None:
        self.bench.drain(client, sink)

    def leave(self, _: int, client: Subscriber, __: FakeSink) -> None:
        self.bench.hub.unsubscribe(client)

    def reload(self, number: int, *_: object) -> None:
        """The worker was overtaken."""
        self.head += number
        self._load()

    def redis_goes_back(self, number: int, *_: object) -> None:
        """To an older dump of the same epoch: a subscriber may be ahead of its head."""
        self.head = max(self.head - number, 1)
        self._load()

    def _load(self) -> None:
        window = events(max(self.head - 5, 1), self.head, self.epoch)
        self.bench.hub.reload(window, Position(self.epoch, self.head), "r1")

    def epoch_begins(self, number: int, *_: object) -> None:
        """The window may still hold some of the last one."""
        old = events(max(self.head - 1, 1), self.head, self.epoch) if number % 2 else []
        self.epoch, self.head = self.epoch + 1, 3
        window = [*old, *events(1, 3, self.epoch)]
        self.bench.hub.reload(window, Position(self.epoch, 3), "r2")

    def holes(self, number: int, *_: object) -> None:
        """A foreign hand took events out of the stream, maybe the newest."""
        kept = [
            each for each in range(max(self.head - 5, 1), self.head + 1) if each % 4 != number % 4
        ]
        window = [each for seq in kept for each in events(seq, seq, self.epoch)]
        self.bench.hub.reload(window, Position(self.epoch, self.head), "r1")

    def condition(self, number: int, *_: object) -> None:
        lost = (Condition("scanner", f"n{each}", each, "gone") for each in range(number % 3))
        self.bench.hub.send_conditions(tuple(lost))

    def reads_a_little(self, number: int, _: Subscriber, sink: FakeSink) -> None:
        """Not enough to be through: the transport says so only when all has gone."""
        sink.take(min(number, len(sink.waiting) - 1))

    def ping(self, *_: object) -> None:
        self.bench.pass_time(PING)

    def time_passes(self, *_: object) -> None:
        self.bench.pass_time(STALL / 2)


STEPS = [
    *("join", "publish", "stall", "drain", "leave", "reload", "redis_goes_back"),
    *("epoch_begins", "holes"),
    *("condition", "reads_a_little", "ping", "time_passes"),
]
SCENES = [
    ("stall", "publish", "redis_goes_back", "publish"),
    ("stall", "publish", "holes", "publish", "drain"),
    ("stall", "publish", "epoch_begins", "publish", "leave"),
]
"""Steps that rarely follow each other by chance alone."""

Steps = list[tuple[str, int]]


def numbered(names: tuple[str, ...]) -> st.SearchStrategy[Steps]:
    """These steps, each with a number."""
    numbers = st.lists(st.integers(0, 9), min_size=len(names), max_size=len(names))
    return numbers.map(lambda found: list(zip(names, found, strict=True)))


lives = st.lists(
    st.one_of(
        st.sampled_from(STEPS).flatmap(lambda name: numbered((name,))),
        st.sampled_from(SCENES).flatmap(numbered),
    ),
    max_size=20,
).map(lambda parts: list(chain.from_iterable(parts)))


@given(lives)
def test_every_delivery_is_accounted_for_whatever_happens(steps: Steps) -> None:
    """Events times clients are delivered, dropped, filtered, superseded, abandoned or pending."""
    life = Life()
    for name, number in steps:
        life.step(name, number)
        assert life.bench.unaccounted == 0, name
    for client, sink in life.clients:
        if client.state is not SubscriberState.CLOSED:
            life.bench.drain(client, sink)
    life.bench.pass_time(5.0)
    assert (life.bench.unaccounted, life.bench.hub.pending) == (0, 0)
    life.bench.hub.close()
    assert (life.bench.unaccounted, len(life.bench.hub.subscribers)) == (0, 0)


def test_pending_deliveries_of_a_subscriber_that_leaves_count_as_abandoned() -> None:
    bench = Bench()
    slow, _ = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.publish(7, 8)
    bench.hub.unsubscribe(slow)
    assert (bench.hub.stats.delivered, bench.hub.stats.abandoned) == (1, 2)
    assert bench.hub.stats.closed == {"left": 1}
    assert (bench.hub.pending, bench.unaccounted) == (0, 0)


def test_a_blocked_subscriber_waits_where_redis_goes_back_behind_its_cursor() -> None:
    """What is published up to its cursor is not expected for it: it has been sent that position.

    Soon its position is known to be of no stream: it gets a resync and then all that is there.
    """
    bench = Bench()
    slow, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.hub.reload(events(1, 3), position(3), "r1")
    assert slow.state is SubscriberState.AHEAD
    bench.publish(4, 4)
    assert (bench.hub.pending, bench.unaccounted) == (0, 0)
    sink.stalled = False
    sink.take()
    bench.pass_time(AHEAD_SECONDS)
    assert sink.seqs() == [6, 1, 2, 3, 4]
    assert (bench.hub.pending, bench.unaccounted) == (0, 0)
