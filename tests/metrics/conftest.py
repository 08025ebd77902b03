"""Two gunicorn workers on a Redis of their own, for each module that uses them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.deploy.web import Web
from tests.support.hand import Hand, writing
from tests.support.redis import RedisServer, redis7_binary

WINDOW = 64


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """A Redis for the whole module."""
    server = RedisServer(redis7_binary())
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def running(redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A master with two workers, started by our command."""
    folder = tmp_path_factory.mktemp("web")
    started = Web(folder, redis.url, ROUTER_SSE_BUFFER=str(WINDOW))
    try:
        yield started
    finally:
        started.process.stop()


@pytest.fixture
async def web(running: Web) -> Web:
    """The master, with both workers at work."""
    return await running.ready()


@pytest.fixture
async def writer(redis: RedisServer) -> AsyncIterator[Hand]:
    """A writer of the registry of these workers."""
    async with writing(redis.url, WINDOW) as made:
        yield made
