"""One router with everything in it for all tests of this folder."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.e2e.accessibility.fleet import Fleet, fleet
from tests.e2e.conftest import launched
from tests.support.redis import RedisServer, redis7_binary


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shown(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """The router; each test that changes its services puts them back."""
    redis = RedisServer(redis7_binary()).start()
    try:
        async with fleet(redis, tmp_path_factory.mktemp("fleet")) as running:
            yield running
    finally:
        redis.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def large() -> AsyncIterator[Browser]:
    """A browser of a person who has set all text to twice its size."""
    twice = "--blink-settings=defaultFontSize=32,defaultFixedFontSize=26"
    async with async_playwright() as playwright:
        running = await launched(playwright, twice)
        yield running
        await running.close()
