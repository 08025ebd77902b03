"""Many callers share one client, and two deployments one Redis: no reply goes to the wrong one."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hero_router.errors import StoreFull
from hero_router.feed import node_monitor
from hero_router.model import Change
from hero_router.position import Position
from hero_router.store import client
from hero_router.store.client import Redis, connect
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.redis_errors import redis_errors
from hero_router.store.registry import Registry
from hero_router.web.worker_parts import PARTS
from tests.support.hand import NODE, Hand
from tests.support.proxy import FaultProxy
from tests.support.records import gone, put, report
from tests.support.redis import RedisServer
from tests.support.replication import ask, told
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import WINDOW, working

CALLS = 600
LONG_SECONDS = 600.0


@pytest.fixture
async def proxy(redis7: RedisServer) -> AsyncIterator[FaultProxy]:
    """A proxy with a small delay, so that a cancellation meets every state of a call."""
    async with FaultProxy(redis7.socket) as made:
        made.slow(0.001)
        yield made


async def test_many_cancelled_calls_mix_up_no_replies(proxy: FaultProxy) -> None:
    shared, chance = connect(f"unix://{proxy.path}", name="shared"), random.Random(7)
    right = cancelled = 0

    async def call(number: int) -> None:
        nonlocal right
        with redis_errors():
            reply = await shared.echo(str(number))
        assert reply == str(number).encode()
        right += 1

    for start in range(0, CALLS, 20):
        tasks = [asyncio.create_task(call(number)) for number in range(start, start + 20)]
        await asyncio.sleep(chance.uniform(0, 0.004))
        for task in chance.sample(tasks, 10):
            cancelled += task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            assert ended is None or isinstance(ended, asyncio.CancelledError), repr(ended)
    assert right >= CALLS / 2
    assert cancelled > CALLS / 20, "the storm was none"
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*(call(number) for number in range(50)))
    await shared.aclose()


async def test_a_caller_waits_for_a_connection_for_a_limited_time(
    redis7: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "POOL_SECONDS", 0.2)
    shared = connect(redis7.url, name="shared", connections=2, block_seconds=LONG_SECONDS)
    busy = [asyncio.create_task(_wait(shared, "nothing", LONG_SECONDS)) for _ in range(2)]
    await eventually(lambda: blocked(redis7) == 2, message="both connections are in use")
    began = time.monotonic()
    with pytest.raises(StoreFull, match="all connections to Redis are in use"), redis_errors():
        await shared.ping()
    assert time.monotonic() - began > 0.15
    assert not any(each.done() for each in busy), "it waited until one was free"
    for each in busy:
        each.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    assert await shared.ping()
    await shared.aclose()


def blocked(server: RedisServer) -> int:
    """How many clients wait for something that does not come."""
    return int(told(server, "INFO", "clients")["blocked_clients"])


async def _wait(shared: Redis, name: str, seconds: float) -> None:
    await shared.blpop([name], timeout=seconds)


async def test_a_caller_gets_the_connection_that_another_one_gives_back(
    redis7: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "POOL_SECONDS", PATIENCE_SECONDS)
    shared = connect(redis7.url, name="shared", connections=1, block_seconds=LONG_SECONDS)
    busy = asyncio.create_task(_wait(shared, "something", LONG_SECONDS))
    await eventually(lambda: blocked(redis7) == 1, message="the connection is in use")
    caller = asyncio.ensure_future(shared.ping())
    await asyncio.sleep(0.1)
    assert not caller.done(), "there is no other connection"
    ask(redis7, "RPUSH", "something", "it")
    await busy
    assert await caller
    await shared.aclose()


async def test_callers_that_use_all_connections_make_no_scanner_look_lost(
    redis7: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The node monitor has a connection of its own, so it does not wait with the callers."""
    monkeypatch.setattr(client, "POOL_SECONDS", 0.1)
    monkeypatch.setattr(node_monitor, "WATCH_SECONDS", 0.02)
    monkeypatch.setattr(node_monitor, "GRACE_SECONDS", 0.3)
    hand = Hand(redis7.url, WINDOW)
    await hand.begin(services=1)
    async with working(redis7.url) as live, live.listening() as listener:
        await eventually(live.is_ready, message="the worker follows")
        pool = live.runner.app[PARTS].clients.web.connection_pool
        take: Any = pool.get_connection
        busy = [await take() for _ in range(pool.max_connections)]
        assert (await live.get("/api/clients"))[0] == 503
        ask(redis7, "DEL", Keys().lease(NODE))
        (told,) = await listener.hears_of("stale")
        assert (told["reason"], told["node"]) == ("scanner", NODE)
        await hand.begin()
        await listener.hears_of("fresh")
        for each in busy:
            await pool.release(each)
        assert (await live.get("/api/clients"))[0] == 200
    await hand.close()


async def test_two_deployments_on_one_redis_see_only_their_own(redis7: RedisServer) -> None:
    writing = connect(redis7.url, name="scanners")
    grants, registries = {}, {}
    for prefix in ("{one}", "{two}"):
        keys = Keys(prefix)
        grants[prefix] = await Lease(writing, keys, "n1", "s1", 60).acquire()
        registries[prefix] = Registry(writing, keys, WINDOW)

    async def write(prefix: str, *changes: Change) -> Position:
        grant = grants[prefix]
        assert grant is not None, "one deployment's lease is the other's"
        return await registries[prefix].apply(grant, list(changes), report())

    await write("{one}", put("a"))
    await write("{two}", put("b"), put("c"))
    async with (
        working(redis7.url, redis_prefix="{one}") as one,
        working(redis7.url, redis_prefix="{two}") as two,
    ):
        await eventually(lambda: two.names == {"b", "c"}, message="each knows its own")
        await eventually(lambda: one.names == {"a"}, message="each knows its own")
        async with one.listening() as listener:
            await write("{two}", gone("b"), put("c", 2))
            head = await write("{one}", put("a", 2))
            await listener.hears(head)
            assert listener.places == [head]
            assert listener.resyncs == []
        assert one.names == {"a"}
    await writing.aclose()
