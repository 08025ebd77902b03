"""Clients that send many requests and do not read the answers: they fill no memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hero_router.model import SocketState, Status
from hero_router.web.http_protocol import HttpProtocol
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import Live, working
from tests.web.raw import ask, get
from tests.web.upstream import Visit, service

MANY = 400
BODY = b"x" * 60_000
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 60000\r\n\r\n" + BODY
MOST_BUFFERED = 512 * 1024

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def request(method: str) -> bytes:
    length = "Content-Length: 0\r\n" if method == "POST" else ""
    return f"{method} /shop/page/ HTTP/1.1\r\nHost: localhost\r\n{length}\r\n".encode()


async def answered(ends: Ends) -> None:
    """Read one answer."""
    head = await ends[0].readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert await ends[0].readexactly(len(BODY)) == BODY


class Counted:
    """A service that counts the requests that it answers."""

    def __init__(self) -> None:
        self.requests = 0

    async def __call__(self, visit: Visit) -> None:
        while True:
            await visit.head()
            self.requests += 1
            await visit.send(ANSWER)

    async def reaches(self, number: int) -> None:
        await eventually(lambda: self.requests == number, message=f"{number} are passed on")


def waiting(live: Live) -> HttpProtocol | None:
    """The connection of a client that does not read, if there is one."""
    server = live.runner.server
    assert server is not None
    for each in server.connections:
        if isinstance(each, HttpProtocol) and each.writing_paused:
            return each
    return None


@asynccontextmanager
async def warm(live: Live) -> AsyncIterator[Ends]:
    """A client, once a connection to its service is kept."""
    ends = await asyncio.open_connection("127.0.0.1", live.port, limit=2**16)
    try:
        ends[1].write(request("GET"))
        await answered(ends)
        yield ends
    finally:
        ends[1].transport.abort()


@asynccontextmanager
async def stuck(live: Live, method: str) -> AsyncIterator[tuple[Ends, HttpProtocol]]:
    """A client with many requests under way, once it is told nothing more as it does not read."""
    async with warm(live) as ends:
        ends[1].write(request(method) * MANY)
        await eventually(lambda: waiting(live) is not None, message="more is sent than is read")
        connection = waiting(live)
        assert connection is not None
        yield ends, connection


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_requests_of_a_client_that_does_not_read_wait_until_it_does(
    live: Live, page: Path, method: str
) -> None:
    counted = Counted()
    async with service(page, counted), stuck(live, method) as (ends, connection):
        for _ in range(50):  # time enough for the other requests, if they did not wait
            await ask(live.port, get("/health"))
            assert connection.transport is not None
            assert connection.transport.get_write_buffer_size() < MOST_BUFFERED
        assert counted.requests < MANY
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(MANY):
                await answered(ends)
    assert counted.requests == MANY + 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_client_that_leaves_instead_of_reading_leaves_nothing_behind(
    live: Live, page: Path, method: str
) -> None:
    counted = Counted()
    async with service(page, counted):
        async with stuck(live, method):
            assert counted.requests < MANY
        server = live.runner.server
        assert server is not None
        await eventually(lambda: not server.connections, message="the connection is gone")
        proxy = live.parts.proxy
        await eventually(lambda: proxy.quota.open == 0, message="its slot is free")
        await eventually(lambda: not proxy.forwarder.calls, message="its request is gone")
    assert counted.requests < MANY


async def test_waiting_requests_keep_their_connection_however_slowly_the_client_reads(
    redis7: RedisServer, hand: Hand, tmp_path: Path, page: Path
) -> None:
    """It is not idle; and the part of a head behind them is not late."""
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    times = {"keepalive_seconds": 1, "head_seconds": 1.0}
    async with working(redis7.url, node=NODE, socket_dir=str(tmp_path), **times) as live:
        await live.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        counted, sent = Counted(), 3
        async with service(page, counted), warm(live) as ends:
            while waiting(live) is None:  # few requests wait: so the worker reads on
                ends[1].write(request("GET"))
                sent += 1
                await counted.reaches(sent - 2)
            for sent_now in (request("GET") * 2, request("GET")[:9]):
                ends[1].write(sent_now)
                await ask(live.port, get("/health"))  # until it has come
            await asyncio.sleep(2.2)  # twice as long as an idle connection is kept
            ends[1].write(request("GET")[9:])
            async with asyncio.timeout(PATIENCE_SECONDS):
                for _ in range(sent):
                    await answered(ends)
