"""A worker that is told to end ends, whatever it and Redis are doing at that moment."""

import asyncio

import pytest

from hero_router.feed import watch
from tests.web.world import World, record


async def test_a_feed_that_is_cancelled_ends_at_whatever_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before Python 3.12 `asyncio.wait_for`, which the Redis library uses, may lose a cancel."""
    monkeypatch.setattr(watch, "WATCH_SECONDS", 0.0)
    for number in range(20):
        world = World()
        await world.add(record("a"))
        task = asyncio.create_task(world.feed.run())
        await world.caught_up()
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        _, pending = await asyncio.wait({task}, timeout=5)
        assert not pending, f"the feed goes on after it was cancelled ({number})"
        assert task.cancelled()
