"""Fixtures: the webhook over a real Redis, and who writes its registry."""

from collections.abc import AsyncIterator

import pytest

from hero_router.notify import follower, sender
from hero_router.store.client import Redis, connect
from tests.notify.hooks import WINDOW, Author, Hooks
from tests.notify.receiver import receiver
from tests.support.hand import Hand, writing
from tests.support.redis import RedisServer


@pytest.fixture
async def hooks(redis7: RedisServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hooks]:
    monkeypatch.setattr(sender, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(sender, "FIRST_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(follower, "WATCH_SECONDS", 0.05)
    async with receiver() as hook:
        yield Hooks(redis7, hook)


@pytest.fixture
async def hand(redis7: RedisServer) -> AsyncIterator[Hand]:
    async with writing(redis7.url, WINDOW) as writer:
        yield writer


@pytest.fixture
async def raw(redis7: RedisServer) -> AsyncIterator[Redis]:
    client = connect(redis7.url, name="test")
    yield client
    await client.aclose()


@pytest.fixture
def author(hand: Hand) -> Author:
    return Author(hand)
