"""Pace: alone an event goes out at once; what is dear to send waits for company, never too long."""

import asyncio
from itertools import count

import pytest

from hero_router.feed.flush_scheduler import CORE_SHARE, FlushScheduler
from tests.feed.bench import PING, Bench, Clock
from tests.feed.world import position
from tests.support.wait import eventually


class Work:
    """Sending that costs a given time by the test's clock, and is kept waiting for `idle`."""

    def __init__(self, most: float, cost: float, idle: float = 0.0) -> None:
        self.clock, self.cost, self.idle, self.times = Clock(), cost, idle, 0
        self.reaches = True
        self.flusher = FlushScheduler(most, self.clock, lambda: self.times * cost)
        self.flusher.on_flush = self.send

    def send(self) -> bool:
        self.times += 1
        self.clock.now += self.cost + self.idle
        return self.reaches


def test_the_first_event_is_sent_at_once_and_so_is_one_after_a_rest() -> None:
    work = Work(most=0.05, cost=0.001)
    work.flusher.request()
    work.clock.now += 0.001 * CORE_SHARE
    work.flusher.request()
    assert work.times == 2


def test_time_on_a_busy_machine_is_no_cost_of_sending() -> None:
    work = Work(most=10.0, cost=0.001, idle=1.0)
    work.flusher.request()
    work.clock.now += 0.001 * CORE_SHARE
    work.flusher.request()
    assert work.times == 2


async def test_events_that_come_too_soon_are_sent_together_and_only_once() -> None:
    work = Work(most=0.05, cost=0.004)
    for _ in range(100):
        work.flusher.request()
    assert work.times == 1
    await eventually(lambda: work.times == 2, message="the rest goes out by itself")
    await asyncio.sleep(0.06)
    assert work.times == 2


def test_no_event_waits_longer_than_the_setting_allows() -> None:
    work = Work(most=0.05, cost=10.0)
    work.flusher.request()
    work.clock.now += 0.05
    work.flusher.request()
    assert work.times == 2


async def test_an_urgent_flush_sends_all_that_waits() -> None:
    work = Work(most=0.05, cost=0.004)
    work.flusher.request()
    work.flusher.request()
    work.flusher.flush()
    assert work.times == 2
    await asyncio.sleep(0.06)
    assert work.times == 2


async def test_a_read_just_before_a_flush_joins_it() -> None:
    """In step from then on: nothing that is read waits for another whole round."""
    work = Work(most=1.0, cost=10.0)
    work.flusher.request()
    work.clock.now += 0.5
    work.flusher.request()
    assert work.flusher.idle_for < 0.5, "the read comes before the send that is due"
    work.clock.now += work.flusher.idle_for
    work.flusher.request()
    assert work.times == 2
    work.clock.now += work.flusher.idle_for
    work.flusher.request()
    assert work.times == 3
    assert list(work.flusher.delays)[1:] == [pytest.approx(10.4), pytest.approx(10.0)]


def test_without_a_delay_there_is_no_timer() -> None:
    work = Work(most=0.0, cost=10.0)
    for _ in range(3):
        work.flusher.request()
    assert work.times == 3


async def test_a_delay_is_measured_from_the_first_request_to_the_end_of_its_flush() -> None:
    work = Work(most=10.0, cost=0.25)
    work.flusher.request()
    work.flusher.request()
    work.clock.now += 0.5
    work.flusher.request(urgent=True)
    work.flusher.flush()
    assert list(work.flusher.delays) == [0.25, 0.75], "sending what nobody asked for is no sample"


def test_a_flush_that_reached_nobody_is_no_sample() -> None:
    work = Work(most=0.05, cost=0.25)
    work.flusher.request(urgent=True)
    work.reaches = False
    work.flusher.request(urgent=True)
    assert list(work.flusher.delays) == [0.25]


async def test_under_load_events_are_joined_and_none_is_lost_or_sent_twice() -> None:
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
    await eventually(early.seqs, message="what waited is sent")
    bench.publish(100, 100)
    bench.flusher.flush()
    assert early.seqs() == list(range(6, 101))
    assert late.seqs() == list(range(51, 101))
    assert bench.unaccounted == 0


def waiting_flusher() -> FlushScheduler:
    """A scheduler that has just sent at such a cost that it would now wait for seconds."""
    flusher = FlushScheduler(60.0, clock=lambda: 0.0, cpu_time=count().__next__)
    flusher.flush()
    assert flusher.idle_for > 1
    return flusher


async def test_a_burst_larger_than_the_window_is_sent_in_time_to_clients_that_keep_up() -> None:
    """Joining must not make clients miss what they would have had."""
    bench = Bench(limit=8, flusher=waiting_flusher())
    _, sink = bench.join()
    bench.publish(6, 500)
    assert len(sink.seqs()) > 490
    bench.flusher.flush()
    assert sink.seqs() == list(range(6, 501))


async def test_less_than_half_a_window_waits_for_its_flush() -> None:
    """Counted from the last flush."""
    bench = Bench(limit=8, flusher=waiting_flusher())
    _, sink = bench.join()
    for first in (6, 10):
        for seq in range(first, first + 3):
            bench.publish(seq, seq)
            assert sink.seqs() == list(range(6, first))
        bench.publish(first + 3, first + 3)
        assert sink.seqs() == list(range(6, first + 4))


def test_only_a_flush_that_reached_a_live_client_is_a_sample() -> None:
    bench = Bench()
    bench.publish(6, 6)
    assert len(bench.flusher.delays) == 0
    bench.join()
    bench.publish(7, 7)
    assert len(bench.flusher.delays) == 1


async def test_a_keepalive_is_never_ahead_of_what_waits_to_be_sent() -> None:
    bench = Bench(limit=1_000, flusher=waiting_flusher())
    _, sink = bench.join()
    bench.publish(6, 8)
    assert sink.seqs() == []
    bench.pass_time(PING)
    assert [message.last_id for message in sink.messages[1:]] == [
        str(position(seq)) for seq in (6, 7, 8, 8)
    ]
