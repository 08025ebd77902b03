"""A worker that is told to end ends, whatever it and Redis are doing at that moment."""

import asyncio
import signal

import pytest

from hero_router.feed import node_monitor
from hero_router.web.lifecycle import drain
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import working
from tests.web.world import World, record


async def test_a_feed_that_is_cancelled_ends_at_whatever_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before Python 3.12 `asyncio.wait_for`, which the Redis library uses, may lose a cancel."""
    monkeypatch.setattr(node_monitor, "WATCH_SECONDS", 0.0)
    for number in range(20):
        world = World()
        await world.add(record("a"))
        task = asyncio.create_task(world.feed.run())
        await world.caught_up()
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        _, pending = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        assert not pending, f"the feed goes on after it was cancelled ({number})"
        assert task.cancelled()


async def test_a_worker_whose_feed_broke_ends_its_streams_at_once(
    redis7: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A healthy worker lets them go one by one; here nobody would feed them meanwhile."""
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, asked.set)
    try:
        async with (
            working(redis7.url, drain_seconds=60) as live,
            live.listening() as one,
            live.listening() as other,
        ):
            monkeypatch.setattr(live.feed.nodes, "update", None)
            await asyncio.wait_for(asked.wait(), PATIENCE_SECONDS)
            await asyncio.wait_for(drain(live.runner), PATIENCE_SECONDS)
            await eventually(lambda: one.ended and other.ended, message="both streams end")
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
