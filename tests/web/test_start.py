"""A worker that starts beside others is asked at once: it knows the state before it listens."""

import asyncio

import pytest

from hero_router.web import lifecycle
from tests.support.hand import Hand
from tests.support.ports import free_port
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import working

HEALTHY = 200


async def test_a_worker_can_tell_the_truth_from_the_first_question_on(
    redis7: RedisServer, hand: Hand
) -> None:
    """It shares its address with workers that know all: none of its answers is worse."""
    head = await hand.change("s0")
    async with working(redis7.url) as worker:
        assert worker.feed.ready
        assert (await worker.state())["cursor"] == str(head)


async def test_without_redis_a_worker_listens_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows better, and it says so. It does not wait for the time that Redis may take."""
    monkeypatch.setattr(lifecycle, "WARM_SECONDS", 10 * PATIENCE_SECONDS)
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        working(f"redis://127.0.0.1:{free_port()}/0") as worker,
    ):
        assert (await worker.get("/health"))[0] == HEALTHY
        assert not await worker.is_ready()


async def test_a_redis_that_says_nothing_keeps_no_worker_from_listening(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The wait is bounded, however long Redis may take to answer."""
    monkeypatch.setattr(lifecycle, "WARM_SECONDS", 0.2)
    over = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            working(f"redis://127.0.0.1:{port}/0") as worker,
        ):
            assert (await worker.get("/health"))[0] == HEALTHY
            assert not await worker.is_ready()
    finally:
        over.set()
        server.close()


async def test_the_times_of_streams_are_those_of_the_settings(redis7: RedisServer) -> None:
    ours = {"ping_seconds": 7.0, "sse_stall_seconds": 8.0, "sse_max_age_seconds": 9_000.0}
    async with working(redis7.url, **ours) as worker:
        times = worker.feed.hub._timers.timing
    assert (times.ping_seconds, times.stall_seconds, times.max_age_seconds) == (7.0, 8.0, 9_000.0)
