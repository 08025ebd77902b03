"""Clients that take their time: each is let go after a while, and the others do not notice."""

import asyncio
import contextlib
import itertools
import json
import socket
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import psutil
import pytest

from hero_router.web import slow_connections
from hero_router.web.body import FREE_BYTES
from hero_router.web.fdlimit import raise_limit
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import Live, working
from tests.web.raw import ask, get, parse, post

HEAD, BODY, KEEP = 0.8, 2.0, 1.0
LONG = 600.0
"""Such a limit ends no connection during a test: what is ended, another limit has ended."""

JSON = "Content-Type: application/json"
CALL = b'{"jsonrpc":"2.0","id":1,"method":"router.health"}'
HALF = b"GET /health HTTP/1.1\r\nHost: loc"
LARGE = post(JSON, "Content-Length: 1000000") + b" " * 900
MANY = 500
EARLY_BYTES = 8192
"""Fits into the buffers of any new connection."""

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def live(redis7: RedisServer) -> AsyncIterator[Live]:
    """A worker with little patience and little memory for bodies."""
    times = {"head_seconds": HEAD, "body_seconds": BODY, "keepalive_seconds": LONG}
    async with working(redis7.url, body_memory_mb=1, sse_stall_seconds=1.0, **times) as worker:
        yield worker


@pytest.fixture
async def brisk(redis7: RedisServer) -> AsyncIterator[Live]:
    """A worker that keeps no idle connection for long."""
    times = {"head_seconds": HEAD, "keepalive_seconds": KEEP}
    async with working(redis7.url, **times) as worker:
        yield worker


@pytest.fixture
async def patient(redis7: RedisServer) -> AsyncIterator[Live]:
    """A worker that waits long for each part, but not for a whole body."""
    times = {"head_seconds": LONG, "body_seconds": BODY, "keepalive_seconds": LONG}
    async with working(redis7.url, **times) as worker:
        yield worker


@asynccontextmanager
async def connected(live: Live, number: int, *sent: bytes) -> AsyncIterator[list[Ends]]:
    """So many connections, on each of which this was sent.

    It is sent before the loop, which the worker shares, accepts the connection: however busy the
    machine is, the worker then reads it before any time limit.
    """
    raise_limit()
    ends = list[Ends]()
    try:
        for _ in range(number):
            sock = socket.create_connection(("127.0.0.1", live.port))
            if sent:
                sock.send(b"".join(sent)[:EARLY_BYTES])
            ends.append(await asyncio.open_connection(sock=sock))
            ends[-1][1].write(b"".join(sent)[EARLY_BYTES:])
        yield ends
    finally:
        for _, writer in ends:
            writer.transport.abort()


async def ended(ends: list[Ends]) -> list[bytes]:
    """What each connection was told until it was closed."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await asyncio.gather(*(heard(reader) for reader, _ in ends))


async def heard(reader: asyncio.StreamReader) -> bytes:
    """All that came until the end, also where that was a reset."""
    came = b""
    with contextlib.suppress(ConnectionResetError):
        while data := await reader.read(65_536):
            came += data
    return came


async def trickled(ends: Ends, text: Iterable[int], pause: float) -> bytes:
    """Send a byte each time, as long as that goes well; what was told."""
    reader, writer = ends
    told = asyncio.create_task(heard(reader))
    async with asyncio.timeout(PATIENCE_SECONDS):
        with contextlib.suppress(ConnectionError):
            for byte in text:
                writer.write(bytes([byte]))
                await asyncio.wait([told], timeout=pause)
                if told.done():
                    break
        return await told


async def test_a_client_that_sends_no_head_is_disconnected(live: Live) -> None:
    began = time.monotonic()
    async with connected(live, 1) as silent, connected(live, 1, HALF) as half:
        told = await ended(silent + half)
    assert time.monotonic() - began >= HEAD
    assert told[0] == b""
    answer = parse(told[1])
    assert (answer.status, answer.error["code"]) == (408, "timed_out")
    assert answer.fields["connection"] == "close"


async def test_a_head_that_trickles_in_has_no_more_time(live: Live) -> None:
    began = time.monotonic()
    async with connected(live, 1, HALF) as ends:
        told = await trickled(ends[0], itertools.repeat(ord("x")), HEAD / 10)
    assert time.monotonic() - began >= HEAD * 0.9
    assert parse(told).status == 408


async def test_a_connection_that_is_kept_is_closed_when_it_asks_nothing_more(brisk: Live) -> None:
    keeping = get().replace(b"Connection: close\r\n", b"")
    began = time.monotonic()
    async with connected(brisk, 1, keeping) as ends:
        told = await ended(ends)
    assert time.monotonic() - began >= KEEP * 0.9
    assert told[0].count(b"HTTP/1.1 ") == 1


async def test_the_next_head_on_a_kept_connection_has_its_own_time(live: Live) -> None:
    keeping = get().replace(b"Connection: close\r\n", b"")
    async with connected(live, 1, keeping) as ends:
        reader, writer = ends[0]
        await reader.readuntil(b"}")
        await asyncio.sleep(HEAD * 1.5)  # a client's own pace, not a wait for something
        writer.write(keeping)
        await reader.readuntil(b"}")
        writer.write(HALF)
        told = await ended(ends)
    assert parse(told[0]).status == 408


async def test_a_body_may_pause_only_so_long(redis7: RedisServer) -> None:
    head = post(JSON, "Content-Length: 1000")
    async with working(redis7.url, head_seconds=HEAD, body_seconds=LONG) as live:
        began = time.monotonic()
        async with connected(live, 1, head, b"{") as silent:
            (told,) = await ended(silent)
    assert time.monotonic() - began >= HEAD * 0.9
    assert parse(told).status == 408


async def test_a_body_may_take_only_so_long(patient: Live) -> None:
    head = post(JSON, "Content-Length: 1000")
    began = time.monotonic()
    async with connected(patient, 1, head) as slow:
        told = await trickled(slow[0], b" " * 1000, BODY / 10)
    assert time.monotonic() - began >= BODY * 0.9
    assert parse(told).error["code"] == "timed_out"


async def test_thousands_that_are_slow_hurt_nobody(redis7: RedisServer, hand: Hand) -> None:
    """Half heads, silence and half bodies: a stream and a probe are answered meanwhile."""
    times = {"head_seconds": LONG, "body_seconds": LONG}
    async with (
        working(redis7.url, **times) as live,
        live.listening() as listener,
        connected(live, MANY) as silent,
        connected(live, MANY, HALF) as half,
        connected(live, MANY, LARGE) as bodies,
    ):
        assert await live.is_ready()
        await listener.hears(await hand.change("s1"))
        assert not any(reader.at_eof() for reader, _ in silent + half + bodies)


async def test_thousands_that_are_late_are_all_let_go(live: Live) -> None:
    async with (
        connected(live, MANY) as silent,
        connected(live, MANY, HALF) as half,
        connected(live, MANY, LARGE) as bodies,
    ):
        told = await ended(silent + half + bodies)
    assert [parse(each).status for each in told[MANY:]] == [408] * 2 * MANY
    assert not any(told[:MANY])
    assert await live.is_ready()


async def test_bodies_under_way_have_a_worker_wide_bound(redis7: RedisServer) -> None:
    """Who sends a large one is told to come again; small ones find room all the same."""
    times = {"head_seconds": LONG, "body_seconds": LONG}
    async with working(redis7.url, body_memory_mb=1, **times) as live:
        await fill_with_bodies(live)

        async def fits() -> bool:
            full = post(JSON, "Content-Length: 900000", body=CALL.rjust(900_000))
            return (await ask(live.port, full)).status == 200

        await eventually(fits, message="all that was held is free again")


async def fill_with_bodies(live: Live) -> None:
    """A hundred large bodies that never end: few are held, and all others refused."""
    head = post(JSON, "Content-Length: 1000000")
    before = psutil.Process().memory_info().rss
    async with connected(live, 100, head, b" " * 500_000) as ends:
        told = [asyncio.create_task(heard(reader)) for reader, _ in ends]
        await eventually(lambda: sum(each.done() for each in told) >= 98, message="two are held")
        refused = await ask(live.port, post(JSON, "Content-Length: 990000", body=b" " * 990_000))
        assert (refused.status, refused.error["code"]) == (503, "overloaded")
        assert int(refused.fields["retry-after"]) > 0
        small = await ask(live.port, post(JSON, f"Content-Length: {len(CALL)}", body=CALL))
        assert small.status == 200
        assert len(CALL) < FREE_BYTES
        assert {parse(each.result()).status for each in told if each.done()} == {503}
        assert any(not each.done() for each in told)
        assert psutil.Process().memory_info().rss - before < 60 * 2**20
    await asyncio.gather(*told)


async def test_a_late_body_makes_room(redis7: RedisServer) -> None:
    times = {"head_seconds": HEAD, "body_seconds": LONG}
    async with working(redis7.url, body_memory_mb=1, **times) as live:
        head = post(JSON, "Content-Length: 1000000")
        async with connected(live, 1, head, b" " * 900_000) as ends:
            (told,) = await ended(ends)
        assert parse(told).status == 408
        full = post(JSON, "Content-Length: 900000", body=CALL.rjust(900_000))
        assert (await ask(live.port, full)).status == 200


async def test_the_oldest_incomplete_head_makes_room_when_there_are_too_many(
    patient: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_connections, "MAX_WAITING", 10)
    async with connected(patient, 15) as ends:
        assert await ended(ends[:5]) == [b""] * 5
        assert not any(reader.at_eof() for reader, _ in ends[5:])
        assert (await ask(patient.port, get())).status == 200


async def test_a_client_that_does_not_take_its_answer_is_disconnected(
    redis7: RedisServer, hand: Hand
) -> None:
    """An answer that nobody reads would be kept for ever, with all its bytes."""
    for number in range(4):
        await hand.change(f"s{number}")
    async with working(redis7.url, sse_stall_seconds=0.6) as live:
        asks = b"GET /openrpc.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5000
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port, limit=1)
        began = time.monotonic()
        writer.write(asks)
        server = live.runner.server
        assert server is not None
        await eventually(lambda: len(server.connections) >= 1, message="the worker has it")
        await eventually(lambda: not server.connections, message="the worker lets it go")
        assert time.monotonic() - began >= 0.6
        writer.transport.abort()
        del reader


async def test_a_stream_is_not_let_go_for_asking_nothing(brisk: Live, hand: Hand) -> None:
    """Other connections are, that were opened later."""
    keeping = get().replace(b"Connection: close\r\n", b"")
    async with brisk.listening() as listener, connected(brisk, 1, keeping) as kept:
        await ended(kept)
        await listener.hears(await hand.change("s1"))
        assert json.loads(listener.messages[-1].data)["service"]
