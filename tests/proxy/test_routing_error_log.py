"""The last routing errors of services, as every worker knows them, also while Redis is away."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from hero_router.errors import StoreUnreachable
from hero_router.proxy import routing_error_log
from hero_router.proxy.routing_error_log import FRESH_SECONDS, MOST_SERVICES, RoutingErrors
from hero_router.store.keys import Keys
from hero_router.store.routing_errors import MOST_KEPT, RoutingError, RoutingErrorStore
from tests.support.background import meanwhile
from tests.support.fake_redis import fake_redis
from tests.support.records import routing_error
from tests.support.wait import eventually


class Flaky(RoutingErrorStore):
    """A Redis that can be away, or hang, or lose its replies."""

    def __init__(self) -> None:
        super().__init__(fake_redis(), Keys())
        self.away = self.loses_replies = False
        self.hangs: asyncio.Event | None = None
        self.reads = 0

    async def add(self, errors: Mapping[str, Sequence[RoutingError]]) -> None:
        await self._answer()
        await super().add(errors)
        if self.loses_replies:
            raise StoreUnreachable("the reply is lost")

    async def read(self, service: str) -> list[RoutingError]:
        self.reads += 1
        await self._answer()
        return await super().read(service)

    async def _answer(self) -> None:
        if self.hangs is not None:
            await self.hangs.wait()
        if self.away:
            raise StoreUnreachable("Redis is away")


class Clock:
    """Monotonic seconds that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def redis() -> Flaky:
    return Flaky()


async def test_an_error_on_one_worker_is_seen_on_every_other(redis: Flaky) -> None:
    one, other = RoutingErrors(redis), RoutingErrors(redis)
    one.add("shop", routing_error(1, worker="n/1"))
    other.add("shop", routing_error(2, worker="n/2"))
    await one.write()
    await other.write()
    for worker in (one, other):
        found = await worker.recent("shop", 10)
        assert [each["at"] for each in found.errors] == [2, 1]
        assert found.complete
    assert [each["at"] for each in (await one.recent("shop", 1)).errors] == [2]
    assert (await one.recent("elsewhere", 10)).errors == []


async def test_a_worker_knows_its_own_errors_at_once_and_each_only_once(redis: Flaky) -> None:
    clock = Clock()
    worker = RoutingErrors(redis, clock)
    worker.add("shop", routing_error(1))
    assert (await worker.recent("shop", 10)).errors == [routing_error(1)]
    await worker.write()
    clock.now += FRESH_SECONDS
    assert (await worker.recent("shop", 10)).errors == [routing_error(1)]


@pytest.mark.parametrize("written", [0, 2, 4])
async def test_errors_of_one_millisecond_keep_their_order(redis: Flaky, written: int) -> None:
    """Whether they were written to Redis already or not."""
    errors = RoutingErrors(redis)
    for number in range(4):
        errors.add("s", routing_error(1, request_id=f"r{number}"))
        if number + 1 == written:
            await errors.write()
    found = (await errors.recent("s", 9)).errors
    assert [each["request_id"] for each in found] == ["r3", "r2", "r1", "r0"]


async def test_while_redis_is_away_a_worker_tells_its_own_and_says_that_more_may_be_missing(
    redis: Flaky,
) -> None:
    worker, redis.away = RoutingErrors(redis), True
    worker.add("shop", routing_error(1))
    await worker.write()
    assert await worker.recent("shop", 10) == ([routing_error(1)], False)


async def test_what_could_not_be_written_is_written_later_in_order(redis: Flaky) -> None:
    worker, redis.away = RoutingErrors(redis), True
    worker.add("shop", routing_error(1))
    await worker.write()
    worker.add("shop", routing_error(2))
    redis.away = False
    await worker.write()
    assert [each["at"] for each in await redis.read("shop")] == [2, 1]


async def test_a_write_whose_reply_was_lost_shows_nothing_twice(redis: Flaky) -> None:
    worker, redis.loses_replies = RoutingErrors(redis), True
    worker.add("shop", routing_error(1))
    await worker.write()
    redis.loses_replies = False
    await worker.write()
    assert len(await redis.read("shop")) == 2
    assert (await RoutingErrors(redis).recent("shop", 10)).errors == [routing_error(1)]


async def test_a_redis_that_hangs_holds_nobody_for_long(
    redis: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing_error_log, "WAIT_SECONDS", 0.02)
    worker, redis.hangs = RoutingErrors(redis), asyncio.Event()
    worker.add("shop", routing_error(1))
    await worker.write()
    assert await worker.recent("shop", 10) == ([routing_error(1)], False)
    redis.hangs.set()
    await worker.write()
    assert await redis.read("shop") == [routing_error(1)]


async def test_what_a_worker_keeps_is_bounded_while_redis_is_away(redis: Flaky) -> None:
    worker, redis.away = RoutingErrors(redis), True
    for service in range(MOST_SERVICES + 10):
        for at in range(MOST_KEPT + 10):
            worker.add(f"s{service}", routing_error(at))
        await worker.write()
    for rings in (worker._own, worker._unwritten):
        assert len(rings) == MOST_SERVICES
        assert {len(ring) for ring in rings.values()} == {MOST_KEPT}
        assert "s0" not in rings


async def test_many_who_look_at_once_ask_redis_once(redis: Flaky) -> None:
    worker = RoutingErrors(redis, Clock())
    await asyncio.gather(*(worker.recent("shop", 10) for _ in range(20)))
    assert redis.reads == 1


async def test_errors_are_written_in_the_background(
    redis: Flaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing_error_log, "WRITE_SECONDS", 0.01)
    worker = RoutingErrors(redis)
    async with meanwhile(worker.run()):
        worker.add("shop", routing_error(1))

        async def written() -> bool:
            return bool(await redis.read("shop"))

        await eventually(written, message="it is written")
