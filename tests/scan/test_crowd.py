"""Ten thousand sockets on a real Redis, and a hundred a second that come and go among them."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from hero_router.cli.scanner import make_worker
from hero_router.position import Position
from hero_router.scan.scan_loop import ScanLoop
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from tests.scan.services import Services
from tests.scan.test_scale import longest_turn
from tests.support.redis import RedisServer
from tests.support.wait import eventually

COUNT = 10_000
STORM, LEFT = 100, 5
"""So many come in one second, and go again but for the last ones."""
MOST_MEMORY_KB = 200_000
TURNS = 5
"""The longest turn of the loop is less than this part of the scanner's own work; it is a tenth."""


@pytest.fixture
async def store(redis7: RedisServer) -> AsyncIterator[Redis]:
    """Eyes on what the scanner writes."""
    looking = connect(redis7.url, name="test")
    yield looking
    await looking.aclose()


@pytest.fixture
def config(redis7: RedisServer, root: Path) -> RouterConfig:
    """No rescan is due: what comes and goes is seen by the watch alone."""
    return RouterConfig.of(node="n", redis_url=redis7.url, socket_dir=str(root), scan_seconds=600)


@pytest.fixture
async def worker(config: RouterConfig) -> AsyncIterator[ScanLoop]:
    """A scanner as its command makes it."""
    client = connect(config.redis.url, name="scanner")
    channel = connect(config.redis.url, name="requests", block_seconds=5)
    yield make_worker(config, client, channel)
    await client.aclose()
    await channel.aclose()


@pytest.mark.limit(900)  # half a minute on a machine that has time
async def test_ten_thousand_sockets_and_a_storm_among_them(
    services: Services, worker: ScanLoop, store: Redis, config: RouterConfig, root: Path
) -> None:
    """The stream stays within its window, the loop responsive, and the end is the truth."""
    for number in range(COUNT):
        services.stale(f"s{number}.sock")
    worked = time.thread_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stop = asyncio.Event()
    watching = asyncio.create_task(longest_turn(stop))
    scanning = asyncio.create_task(worker.run())
    keys = Keys(config.redis.prefix)

    async def has(count: int) -> bool:
        scanned = bool(await store.hlen(keys.nodes))
        return scanned and await store.hlen(keys.services) == count

    try:
        await eventually(lambda: has(COUNT), 400, "the first scan ends")
        first = await newest(store, config)
        for number in range(STORM):
            services.stale(f"storm{number}.sock")
            if number >= LEFT:
                (root / f"storm{number - LEFT}.sock").unlink()
            await asyncio.sleep(1 / STORM)
        await eventually(lambda: has(COUNT + LEFT), 400, "only the last ones are left")
        assert 0 < (await newest(store, config)).seq - first.seq <= 2 * STORM
        assert await store.xlen(keys.events) == config.stream.window
    finally:
        scanning.cancel()
        stop.set()
        await asyncio.gather(scanning, return_exceptions=True)
    turn = await watching
    worked = time.thread_time() - worked
    assert turn * TURNS < worked, f"the loop worked for {turn:.3f} s of {worked:.3f} s on one thing"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MOST_MEMORY_KB, f"memory grew by {grown} KB"


async def newest(store: Redis, config: RouterConfig) -> Position:
    """The last event's position."""
    found: Any = await store.xrevrange(Keys(config.redis.prefix).events, count=1)
    place = Position.parse(found[0][0].decode())
    assert place is not None
    return place
