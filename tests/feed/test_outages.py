"""The tail without Redis: the last state stays, clients get the reason, and it recovers."""

import asyncio
import json
import logging
from itertools import pairwise

import pytest

from hero_router.errors import StoreLoading, StoreUnreachable
from hero_router.feed.tail import BACKOFF_SECONDS
from tests.feed.stream import WINDOW, MemoryStream, Scene, resyncs
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.wait import eventually


@pytest.fixture
def scene() -> Scene:
    return Scene(MemoryStream(WINDOW))


async def test_without_redis_the_last_state_stays_and_a_condition_says_why(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.stream.publish(3)
    async with scene.running():
        sink = scene.subscribe()
        scene.stream.trouble = StoreUnreachable("Redis cannot be reached")
        await eventually(lambda: scene.tail.errors["store_unreachable"] >= 3, message="three tries")
        assert scene.conditions == ["Redis cannot be reached"]
        assert scene.services() == scene.stream.services
        scene.stream.trouble = StoreLoading("Redis is still loading its data")
        await eventually(lambda: scene.tail.errors["store_loading"], message="another trouble")
        assert scene.conditions == ["Redis is still loading its data"]
        scene.stream.trouble = None
        scene.stream.publish(2)
        await eventually(lambda: sink.seqs() == [4, 5], message="the missed events")
    assert sink.names()[1:] == ["stale", "stale", "service_updated", "service_updated", "fresh"]
    assert [json.loads(each.data)["since"] for each in sink.messages[1:3]] == [
        json.loads(sink.messages[-1].data)["since"]
    ] * 2
    warnings = [each.message for each in caplog.records if each.levelno == logging.WARNING]
    assert warnings == ["pages and API answers may be out of date: Redis cannot be reached"]


async def test_a_worker_that_never_reached_redis_is_not_synced_until_it_does(scene: Scene) -> None:
    scene.stream.trouble = StoreUnreachable("Redis cannot be reached")
    task = asyncio.create_task(scene.tail.run())
    await eventually(lambda: bool(scene.conditions), message="the condition")
    assert not scene.tail.synced
    scene.stream.trouble = None
    await eventually(lambda: scene.tail.synced, message="the first start")
    assert scene.conditions == []
    task.cancel()


async def test_each_try_to_reach_redis_is_a_new_connection_and_waits_longer(scene: Scene) -> None:
    async with scene.running():
        scene.stream.trouble = StoreUnreachable("away")
        scene.stream.trouble_at_drop = StoreUnreachable("cannot even be closed")
        await eventually(lambda: len(scene.stream.drops) >= 4, message="four tries")
    pauses = [second - first for first, second in pairwise(scene.stream.drops)]
    for number, pause in enumerate(pauses[:3]):
        assert pause >= BACKOFF_SECONDS * 2**number / 2


async def test_an_unforeseen_error_ends_the_tail_instead_of_being_swallowed(scene: Scene) -> None:
    scene.stream.trouble = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        await scene.tail.run()


async def test_a_killed_redis_is_reported_and_found_again_without_a_missed_event(
    redis7: RedisServer, on_redis: tuple[Scene, Hand]
) -> None:
    scene, hand = on_redis
    async with scene.running():
        sink = scene.subscribe()
        first = await hand.change("s1")
        await eventually(lambda: sink.messages[-1].last_id == str(first), message="an event")
        redis7.kill()
        await eventually(lambda: sink.names()[-1] == "stale", message="the condition")
        redis7.start()
        await eventually(lambda: sink.names()[-1] == "fresh", message="the end of the condition")
        await hand.begin()
        second = await hand.change("s2")
        await eventually(lambda: sink.messages[-1].last_id == str(second), message="the next epoch")
        assert second.epoch > first.epoch
        assert resyncs(sink) == []
        truth = await hand.statuses()
        assert {key: item["status"] for key, item in scene.services().items()} == truth
