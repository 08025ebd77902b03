"""A hub without Redis, and a worker's feed on a real one."""

from collections.abc import AsyncIterator

import pytest

from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.stream_reader import Stream
from tests.feed.bench import Bench
from tests.feed.stream import WINDOW, Scene
from tests.support.hand import Hand, writing
from tests.support.redis import RedisServer


@pytest.fixture
def bench() -> Bench:
    """A hub with a clock of its own."""
    return Bench()


@pytest.fixture
async def on_redis(redis7: RedisServer) -> AsyncIterator[tuple[Scene, Hand]]:
    """The feed, and a writer of the registry, which has three services."""
    client = connect(
        redis7.url, name="tail", block_seconds=0.1, connections=1, single_connection=True
    )
    async with writing(redis7.url, WINDOW, services=3) as hand:
        yield Scene(Stream(client, Keys(), 0.1)), hand
    await client.aclose()
