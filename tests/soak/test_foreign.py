"""The foreign hand really does what it says, and says what it could not do."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hero_router.store.client import text
from hero_router.store.keys import Keys
from tests.soak import foreign as module
from tests.soak.detour import Detour
from tests.soak.foreign import Foreign
from tests.soak.world import DEBUG, World
from tests.support.background import meanwhile
from tests.support.hand import Hand
from tests.support.redis import RedisServer, redis7_binary
from tests.support.wait import eventually

KEYS = Keys()


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    server = RedisServer(redis7_binary(), *DEBUG, tcp=True)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def detour(redis: RedisServer) -> Iterator[Detour]:
    made = Detour(redis.port)
    made.start()
    try:
        yield made
    finally:
        made.close()


class Place:
    """As much of a world as the foreign hand has to know."""

    def __init__(self, redis: RedisServer, detour: Detour) -> None:
        self.topology = SimpleNamespace(redis_url=redis.url, redis_port=redis.port)
        self.redis_folder: Path = redis.folder
        self.detour = detour
        self.troubles: list[object] = []
        self.deleted: set[object] = set()


@pytest.fixture
async def hand(redis: RedisServer) -> AsyncIterator[Hand]:
    made = Hand(redis.url, 16)
    await made.begin(services=1)
    yield made
    await made.close()


@pytest.fixture
def foreign(redis: RedisServer, detour: Detour) -> Foreign:
    return Foreign(cast("World", Place(redis, detour)))


async def process(redis: Redis) -> str:
    return str((await redis.info("server"))["run_id"])


@pytest.mark.usefixtures("hand")
async def test_a_tail_alone_is_led_to_another_primary_that_lives_on(
    foreign: Foreign, detour: Detour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that nobody brings back stays there for all the time, while others do not move."""
    monkeypatch.setattr(module, "STAY_SECONDS", 1.0)
    url = f"redis://127.0.0.1:{detour.port}/0"
    tail, other = Redis.from_url(url, client_name="tail"), Redis.from_url(url, client_name="web")
    first, seen = await process(tail), set[str]()
    assert await process(other) == first

    async def follow() -> None:
        while True:
            with suppress(RedisError):  # its connection is cut, as that of a real tail
                seen.add(await process(tail))
            await asyncio.sleep(0.01)

    async with meanwhile(follow()):
        moving = asyncio.create_task(foreign.half_move())
        await eventually(lambda: len(seen) == 2, message="the tail is elsewhere")
        assert await process(other) == first
        await moving
    assert not foreign.undone
    await tail.aclose()
    await other.aclose()


async def test_without_a_tail_nobody_is_led_away_and_that_is_counted(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FOLLOWED_SECONDS", 0.1)
    await foreign.half_move()
    assert foreign.undone == {"half moved": 1}
    assert "a tail follows" in foreign.why["half moved"]


@pytest.mark.usefixtures("hand")
async def test_a_record_that_is_not_there_cannot_be_deleted_or_changed(
    foreign: Foreign, redis: RedisServer
) -> None:
    client = Redis.from_url(redis.url)
    (held,) = [text(raw) for raw in await client.hkeys(KEYS.services)]
    await foreign.change_record(held)
    assert await foreign.marked() == {held}
    await foreign.delete_record(held)
    assert not foreign.undone
    assert await client.hlen(KEYS.services) == 0
    await foreign.change_record(held)
    await foreign.delete_record(held)
    assert foreign.undone == {"record changed": 1, "record deleted": 1}
    await client.aclose()
