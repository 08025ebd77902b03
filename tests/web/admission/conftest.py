"""A whole worker with tokens, a hand that writes its registry, and a browser's cookies."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.hand import Hand, writing
from tests.support.redis import RedisServer
from tests.web.admission.callers import guarded
from tests.web.live import WINDOW, Live


@pytest.fixture
async def hand(redis7: RedisServer) -> AsyncIterator[Hand]:
    async with writing(redis7.url, WINDOW) as made:
        yield made


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand, tmp_path: Path) -> AsyncIterator[Live]:
    async with guarded(redis7, hand, tmp_path) as worker:
        yield worker


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield session
