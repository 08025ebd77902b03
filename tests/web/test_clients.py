"""Who is connected where: told in Redis while there are clients, read by any worker, for people."""

import time
from contextlib import closing
from typing import Any

import pytest

from hero_router.feed.filters import MAX_VALUE_LENGTH, MAX_VALUES
from hero_router.web import client_list_publisher
from tests.support.hand import Hand
from tests.support.redis import RedisServer, client
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import Live, working

HOUR = 3600


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers tell twenty times a second."""
    monkeypatch.setattr(client_list_publisher, "PUBLISH_SECONDS", 0.05)


async def told(live: Live, number: int, workers: int = 1) -> Any:
    """Wait until so many clients are told of, by at least so many workers."""

    async def found() -> Any:
        status, answer = await live.get("/api/clients")
        assert status == 200, answer
        is_all = answer["clients"] == number and len(answer["workers"]) >= workers
        return answer if is_all else None

    return await eventually(found, message=f"{number} clients are told of")


def calls(redis: RedisServer, name: str) -> int:
    """How often Redis ran a command so far."""
    with closing(client(redis.url)) as admin:
        found: dict[str, int] = admin.info("commandstats").get(f"cmdstat_{name}", {"calls": 0})
    return found["calls"]


def writes(redis: RedisServer) -> int:
    """How often Redis was told of clients so far."""
    return calls(redis, "zadd")


async def rounds(redis: RedisServer) -> None:
    """Wait until a worker had the chance to tell a few times: it asks for the time each time."""
    before = calls(redis, "time")
    await eventually(lambda: calls(redis, "time") > before + 4, message="the worker goes round")


async def test_any_worker_tells_of_the_clients_of_all(redis7: RedisServer, hand: Hand) -> None:
    async with working(redis7.url, node="a") as one, working(redis7.url, node="b") as other:
        async with one.listening(), other.listening(), other.listening():
            for live in (one, other):
                answer = await told(live, 3)
                assert answer["states"] == {"live": 3, "blocked": 0, "ahead": 0}
                nodes = [each["worker"].partition("/")[0] for each in answer["workers"]]
                assert nodes == ["a", "b"]
        empty = await told(one, 0, workers=2)
        assert [each["listed"] for each in empty["workers"]] == [[], []]


async def test_a_client_is_told_with_its_wishes_and_times(redis7: RedisServer, hand: Hand) -> None:
    async with working(redis7.url) as live:
        await eventually(live.is_ready)
        async with live._session.get(
            f"{live.url}/api/events?context=shop,work&service=x%0Ay&conflate=1"
        ):
            answer = await told(live, 1)
            (worker,) = answer["workers"]
            (entry,) = worker["listed"]
            assert abs(entry.pop("connected_at") - answer["now"]) < 1000 * PATIENCE_SECONDS
            assert entry == {
                "address": "127.0.0.1",
                "state": "live",
                "behind": 0,
                "reason": "",
                "blocked_at": None,
                "cursor": str(live.feed.ring.head),
                "filter": "context=shop,work service=x\ufffdy",
                "conflate": True,
            }


async def test_all_times_are_by_the_clock_of_redis(
    redis7: RedisServer, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker whose machine has another time seems neither gone nor to have had its clients."""
    true = time.time
    monkeypatch.setattr(time, "time", lambda: true() - HOUR)
    async with working(redis7.url) as live, live.listening():
        monkeypatch.setattr(time, "time", lambda: true() + HOUR)
        answer = await told(live, 1)
        (worker,) = answer["workers"]
        (entry,) = worker["listed"]
        assert entry["connected_at"] <= worker["at"] <= answer["now"]
        assert all(
            abs(at / 1000 - true()) < PATIENCE_SECONDS
            for at in (entry["connected_at"], worker["at"], answer["now"])
        )


async def test_a_long_wish_is_told_in_short(redis7: RedisServer, hand: Hand) -> None:
    """A worker tells of a hundred clients again and again: strangers may not blow that up."""
    values = ",".join(f"{number}" * MAX_VALUE_LENGTH for number in range(MAX_VALUES))[:4_000]
    async with working(redis7.url) as live:
        async with live._session.get(f"{live.url}/api/events?service={values[:3000]}") as answer:
            assert answer.status in (200, 400)
        async with live._session.get(f"{live.url}/api/events?context={'x,' * 30}{'y' * 256}"):
            (worker,) = (await told(live, 1))["workers"]
            assert len(worker["listed"][0]["filter"]) <= client_list_publisher.LONGEST_FILTER


async def test_only_some_are_named_and_all_are_counted(
    redis7: RedisServer, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_list_publisher, "MAX_LISTED", 1)
    async with working(redis7.url) as live, live.listening(), live.listening():
        (worker,) = (await told(live, 2))["workers"]
        assert len(worker["listed"]) == 1


async def test_a_worker_without_clients_publishes_that_and_an_unchanged_list_is_rarely_written(
    redis7: RedisServer, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_list_publisher, "REPEAT_SECONDS", 600.0)  # it is not due meanwhile
    async with working(redis7.url) as live:
        await eventually(live.is_ready)
        (worker,) = (await told(live, 0))["workers"]
        assert worker["listed"] == []
        before = writes(redis7)
        await rounds(redis7)
        assert writes(redis7) == before
        async with live.listening():
            await told(live, 1)
            quiet = writes(redis7)
            await rounds(redis7)
            assert writes(redis7) == quiet
            await hand.change("s0")
            await eventually(lambda: writes(redis7) > quiet, message="news is told")


async def test_what_has_not_changed_is_told_again_before_it_expires(
    redis7: RedisServer, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_list_publisher, "REPEAT_SECONDS", 0.1)
    async with working(redis7.url) as live, live.listening():
        await told(live, 1)
        before = writes(redis7)
        await eventually(lambda: writes(redis7) >= before + 4, message="it is told again")


async def test_a_worker_that_ends_takes_its_clients_out(redis7: RedisServer, hand: Hand) -> None:
    async with working(redis7.url) as live, live.listening():
        await told(live, 1)
        with closing(client(redis7.url)) as admin:
            assert admin.exists("{hero_router}:workers") == 1
    with closing(client(redis7.url)) as admin:
        assert admin.exists("{hero_router}:workers") == 0


async def test_without_redis_nobody_can_tell(redis7: RedisServer, hand: Hand) -> None:
    async with working(redis7.url) as live:
        await eventually(live.is_ready)
        redis7.kill()
        try:
            status, answer = await live.get("/api/clients")
        finally:
            redis7.start()
    assert (status, answer["error"]["code"]) == (503, "store_unreachable")
