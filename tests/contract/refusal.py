"""A step of the store at a Redis that refuses it, and the error that the step ends with."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from redis.asyncio import Redis

from hero_router.errors import (
    StoreError,
)
from hero_router.store.client import connect
from hero_router.store.lease import Lease
from hero_router.store.scan_requests import ScanRequest, ScanRequests
from hero_router.store.stream_reader import Stream
from tests.contract.world import KEYS
from tests.support.redis import RedisServer

PASSWORD, WRONG = "hunter2-secret", "wrong-secret"

Start = Callable[..., RedisServer]


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    found = connect(url, name="test")
    yield found
    await found.aclose()


async def acquire(found: Redis) -> object:
    return await Lease(found, KEYS, "n1", "s1", 10).acquire()


async def load(found: Redis) -> object:
    return await Stream(found, KEYS, 0.05).load()


async def ask(found: Redis) -> object:
    return await ScanRequests(found, KEYS).send(ScanRequest("scan", "r1"))


async def refusal(url: str, step: Callable[[Redis], Awaitable[object]] = acquire) -> StoreError:
    """The error that a step ends with; its whole chain is free of passwords."""
    async with connected(url) as found:
        with pytest.raises(StoreError) as raised:
            await step(found)
    for text in texts(raised.value):
        assert PASSWORD not in text
        assert WRONG not in text
    return raised.value


def texts(error: BaseException | None) -> list[str]:
    """Every text of an error, of what it was raised from, and of what was handled then."""
    if error is None:
        return []
    return [str(error), repr(error), *texts(error.__cause__), *texts(error.__context__)]
