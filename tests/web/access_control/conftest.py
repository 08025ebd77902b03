"""A whole worker with tokens, a hand that writes its registry, and a browser's cookies."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.hand import Hand
from tests.support.oidc_provider import Provider, providing
from tests.support.redis import RedisServer
from tests.web.access_control.callers import guarded
from tests.web.access_control.oidc import worker
from tests.web.live import Live


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand, tmp_path: Path) -> AsyncIterator[Live]:
    async with guarded(redis7, hand, tmp_path) as worker:
        yield worker


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield session


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with providing() as made:
        yield made


@pytest.fixture
async def oidc(redis7: RedisServer, provider: Provider) -> AsyncIterator[Live]:
    async with worker(redis7, provider) as live:
        yield live
