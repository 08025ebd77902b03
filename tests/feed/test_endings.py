"""How streams end: one by one when the worker ends, or when they are old; and the balance of all
deliveries, whatever happens to clients."""

import json
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from hero_router.feed.conditions import Condition
from hero_router.feed.filters import Filter
from hero_router.feed.flush import FlushScheduler
from hero_router.feed.subscribers import (
    DEFAULT_OPTIONS,
    SubscribeOptions,
    Subscriber,
    SubscriberState,
)
from hero_router.feed.timing import TICK
from hero_router.position import Position
from tests.feed.bench import PING, STALL, Bench
from tests.feed.world import EPOCH, FakeSink, events, position
from tests.support.wait import eventually


def ended(sinks: list[FakeSink]) -> int:
    """How many streams have ended cleanly, each with its time to come back."""
    assert all(sink.raw.endswith(b"retry: 400\n\n") for sink in sinks if sink.calls == ["end"])
    return sum(sink.calls == ["end"] for sink in sinks)


def test_a_worker_that_drains_ends_its_streams_evenly_over_the_time() -> None:
    bench = Bench()
    sinks = [bench.join()[1] for _ in range(80)]
    bench.hub.close(seconds=2.0)
    numbers = [ended(sinks)]
    for _ in range(8):
        bench.pass_time(TICK)
        numbers.append(ended(sinks))
    assert numbers == [10, 20, 30, 40, 50, 60, 70, 80, 80]


def test_a_draining_worker_still_delivers_and_takes_whoever_comes() -> None:
    bench = Bench()
    sinks = [bench.join()[1] for _ in range(8)]
    bench.hub.close(seconds=2.0)
    _, late = bench.join()
    bench.publish(6, 7)
    assert late.seqs() == [6, 7]
    assert sum(sink.seqs() == [6, 7] for sink in sinks) == 7
    bench.pass_time(2.0)
    assert ended([*sinks, late]) == 9


def test_a_stream_ends_when_it_is_old_and_not_all_at_once() -> None:
    bench = Bench(max_age=100.0)
    _, sink = bench.join()
    bench.pass_time(74)
    assert sink.calls == []
    bench.pass_time(1)
    assert sink.calls == ["end"]
    assert bench.hub.stats.closed == {"aged": 1}


def test_streams_have_no_age_unless_it_is_set() -> None:
    bench = Bench()
    _, sink = bench.join()
    bench.pass_time(1e9)
    assert sink.calls == []


async def test_under_load_events_are_joined_and_nothing_is_lost_or_told_twice() -> None:
    bench = Bench(
        limit=1_000, flusher=FlushScheduler(0.03, clock=lambda: 0.0, cpu_time=count().__next__)
    )
    bench.flusher.flush()
    _, early = bench.join()
    for seq in range(6, 100):
        bench.publish(seq, seq)
    assert early.seqs() == []
    _, late = bench.join(str(position(50)))
    assert late.seqs() == list(range(51, 100))
    await eventually(early.seqs, 2, "what waited is sent")
    bench.publish(100, 100)
    bench.flusher.flush()
    assert early.seqs() == list(range(6, 101))
    assert late.seqs() == list(range(51, 101))
    assert bench.unaccounted == 0


def waiting_pace() -> FlushScheduler:
    """A pace that has just sent at such a cost that it would now wait for seconds."""
    pace = FlushScheduler(60.0, clock=lambda: 0.0, cpu_time=count().__next__)
    pace.flush()
    assert pace.idle_for > 1
    return pace


async def test_a_burst_larger_than_the_window_is_sent_in_time_to_who_can_take_it() -> None:
    """Joining must not make clients miss what they would have had."""
    bench = Bench(limit=8, flusher=waiting_pace())
    _, sink = bench.join()
    bench.publish(6, 500)
    assert len(sink.seqs()) > 490
    bench.flusher.flush()
    assert sink.seqs() == list(range(6, 501))


async def test_a_keepalive_is_never_ahead_of_what_waits_to_be_sent() -> None:
    bench = Bench(limit=1_000, flusher=waiting_pace())
    _, sink = bench.join()
    bench.publish(6, 8)
    assert sink.seqs() == []
    bench.pass_time(PING)
    assert [message.last_id for message in sink.messages[1:]] == [
        str(position(seq)) for seq in (6, 7, 8, 8)
    ]


WISHES = [
    DEFAULT_OPTIONS,
    SubscribeOptions(Filter.of(services=["s3", "s7"])),
    SubscribeOptions(conflate=True),
]


class Life:
    """A bench whose clients and stream go through random steps."""

    def __init__(self) -> None:
        self.bench = Bench(limit=6)
        self.clients = [self.bench.join(options=wish) for wish in WISHES]
        self.head, self.epoch = 5, EPOCH

    def step(self, name: str, number: int) -> None:
        """Do one of `STEPS`."""
        getattr(self, name)(number, *self.clients[number % len(self.clients)])

    def join(self, number: int, *_: object) -> None:
        cursor = str(Position(self.epoch, max(self.head + 2 - number, 0)))
        self.clients.append(self.bench.join(cursor, options=WISHES[number % 3]))

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
        """The worker was overtaken, or (0) Redis went back."""
        self.head = self.head + number if number else max(self.head - 3, 1)
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

    def doubt(self, number: int, *_: object) -> None:
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
    *("join", "publish", "stall", "drain", "leave", "reload", "epoch_begins", "holes"),
    *("doubt", "reads_a_little", "ping", "time_passes"),
]


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 9)), max_size=40))
def test_every_delivery_is_accounted_for_whatever_happens(steps: list[tuple[str, int]]) -> None:
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


def test_each_resync_is_counted_by_its_reason() -> None:
    bench = Bench(limit=4)
    bench.join("garbage")
    bench.publish(6, 20)
    _, sink = bench.join(str(position(6)))
    assert json.loads(sink.messages[1].data)["dropped"] == 10
    assert bench.hub.stats.resyncs == {"unknown_position": 1, "trimmed": 1}
