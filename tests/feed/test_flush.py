"""Pace: alone an event goes out at once; what is dear to send waits for company, never too long."""

import asyncio

import pytest

from hero_router.feed.flush import CORE_SHARE, FlushScheduler
from tests.feed.bench import Clock
from tests.support.wait import eventually


class Work:
    """Sending that costs a given time by the test's clock, and is kept waiting for `idle`."""

    def __init__(self, most: float, cost: float, idle: float = 0.0) -> None:
        self.clock, self.cost, self.idle, self.times = Clock(), cost, idle, 0
        self.reaches = True
        self.pace = FlushScheduler(most, self.clock, lambda: self.times * cost)
        self.pace.on_flush = self.send

    def send(self) -> bool:
        self.times += 1
        self.clock.now += self.cost + self.idle
        return self.reaches


def test_the_first_goes_out_at_once_and_so_does_what_comes_after_a_rest() -> None:
    work = Work(most=0.05, cost=0.001)
    work.pace.request()
    work.clock.now += 0.001 * CORE_SHARE
    work.pace.request()
    assert work.times == 2


def test_a_busy_machine_that_holds_a_send_up_makes_the_next_one_wait_no_longer() -> None:
    work = Work(most=10.0, cost=0.001, idle=1.0)
    work.pace.request()
    work.clock.now += 0.001 * CORE_SHARE
    work.pace.request()
    assert work.times == 2


async def test_what_comes_too_soon_is_sent_together_and_only_once() -> None:
    work = Work(most=0.05, cost=0.004)
    for _ in range(100):
        work.pace.request()
    assert work.times == 1
    await eventually(lambda: work.times == 2, 2, "the rest goes out by itself")
    await asyncio.sleep(0.06)
    assert work.times == 2


def test_nothing_waits_longer_than_the_setting_allows() -> None:
    work = Work(most=0.05, cost=10.0)
    work.pace.request()
    work.clock.now += 0.05
    work.pace.request()
    assert work.times == 2


async def test_a_send_that_cannot_wait_takes_what_waits_with_it() -> None:
    work = Work(most=0.05, cost=0.004)
    work.pace.request()
    work.pace.request()
    work.pace.flush()
    assert work.times == 2
    await asyncio.sleep(0.06)
    assert work.times == 2


async def test_who_reads_after_a_rest_beside_what_waits_has_both_sent_together() -> None:
    """In step from then on: nothing that is read waits for another whole round."""
    work = Work(most=1.0, cost=10.0)
    work.pace.request()
    work.clock.now += 0.5
    work.pace.request()
    assert work.pace.idle_for < 0.5, "the read comes before the send that is due"
    work.clock.now += work.pace.idle_for
    work.pace.request()
    assert work.times == 2
    work.clock.now += work.pace.idle_for
    work.pace.request()
    assert work.times == 3
    assert list(work.pace.delays)[1:] == [pytest.approx(10.4), pytest.approx(10.0)]


def test_without_a_longest_wait_there_is_no_timer() -> None:
    work = Work(most=0.0, cost=10.0)
    for _ in range(3):
        work.pace.request()
    assert work.times == 3


async def test_it_tells_how_long_each_round_took_from_the_first_asking_to_its_end() -> None:
    work = Work(most=10.0, cost=0.25)
    work.pace.request()
    work.pace.request()
    work.clock.now += 0.5
    work.pace.request(urgent=True)
    work.pace.flush()
    assert list(work.pace.delays) == [0.25, 0.75], "sending what nobody asked for is no sample"


def test_how_long_events_waited_is_noted_for_rounds_that_reached_somebody() -> None:
    work = Work(most=0.05, cost=0.25)
    work.pace.request(urgent=True)
    work.reaches = False
    work.pace.request(urgent=True)
    assert list(work.pace.delays) == [0.25]
