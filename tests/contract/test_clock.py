"""Redis's clock: how far it is ahead, and when each event was published by it."""

import time
from typing import Any

import pytest

from hero_router.store.clock import RedisClock
from tests.contract.world import FakeBackend, Store
from tests.support.records import put

CLOSE_SECONDS = 0.5
"""How far apart two clocks of one machine may be, beside the time that an answer takes."""


async def test_the_difference_of_the_clocks_is_known_after_one_answer(store: Store) -> None:
    assert RedisClock(store.raw).ahead is None
    clock, began = RedisClock(store.raw), time.monotonic()
    await clock.ask()
    assert clock.ahead is not None
    assert abs(clock.ahead) < CLOSE_SECONDS + time.monotonic() - began


async def test_times_are_by_redis_s_clock_after_one_answer(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, began, true = RedisClock(store.raw), time.monotonic(), time.time()
    assert -CLOSE_SECONDS < clock.now_ms() / 1000 - true < CLOSE_SECONDS + time.monotonic() - began
    await clock.ask()
    monkeypatch.setattr(time, "time", lambda: true + 3600)
    found = clock.now_ms() / 1000
    passed = time.monotonic() - began
    assert abs(found - true) < CLOSE_SECONDS + 2 * passed < 3600


def told(monkeypatch: pytest.MonkeyPatch, *answers: tuple[float, float, float], at: float) -> float:
    """A clock's seconds at a time, after these answers: when asked, when answered, Redis's time."""
    nowhere: Any = None
    clock = RedisClock(nowhere)
    for asked, answered, redis in answers:
        monkeypatch.setattr(time, "monotonic", lambda answered=answered: answered)
        clock.set(redis, asked)
    monkeypatch.setattr(time, "monotonic", lambda: at)
    return clock.now_ms() / 1000


def test_an_answer_that_took_long_does_not_spoil_a_better_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Redis answers 500.0 at once; the process stands still before it reads the next answer."""
    exact, late = (10.0, 10.002, 510.001), (20.0, 24.0, 520.001)
    assert told(monkeypatch, late, at=30.0) == pytest.approx(528.001)
    assert told(monkeypatch, exact, late, at=30.0) == pytest.approx(530.0)


def test_a_better_answer_takes_the_place_of_one_that_took_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late, exact = (10.0, 14.0, 510.001), (20.0, 20.002, 520.001)
    assert told(monkeypatch, late, exact, at=30.0) == pytest.approx(530.0)


def test_a_clock_that_was_set_is_followed_also_by_an_answer_that_took_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact, late_and_set = (10.0, 10.002, 510.001), (20.0, 22.0, 4_120.0)
    assert told(monkeypatch, exact, late_and_set, at=30.0) == pytest.approx(4_129.0)


def test_an_old_answer_counts_less_as_the_clocks_drift_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact, an_hour_later = (10.0, 10.002, 510.001), (3_610.0, 3_610.2, 4_110.5)
    assert told(monkeypatch, exact, an_hour_later, at=3_620.0) == pytest.approx(4_120.4)


async def test_times_are_cut_to_whole_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the fake, whose clock the test sets: nothing is dated later than it was."""
    store = Store(FakeBackend())
    grant = await store.grant()
    second = int(time.time())
    monkeypatch.setattr(time, "time", lambda: second + 0.999_999)
    await store.registry.apply(grant, [put("a")])
    snapshot = await store.stream.load()
    assert [event.at for event in snapshot.window] == [second * 1000 + 999]
    assert snapshot.now_ms == second * 1000 + 999
    await store.close()


async def test_each_event_says_when_it_was_published(store: Store) -> None:
    before = time.time()
    grant = await store.grant()
    await store.registry.apply(grant, [put("a"), put("b")])
    await store.registry.apply(grant, [put("c")])
    times = [event.at / 1000 for event in await store.window()]
    assert len(times) == 3
    assert times == sorted(times)
    assert all(before - CLOSE_SECONDS < at < time.time() + CLOSE_SECONDS for at in times)
