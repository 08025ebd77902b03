"""Trailers of requests end at the router, and touch no other request on the connection."""

import asyncio
from pathlib import Path

import pytest

from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import Live
from tests.web.raw import ask, get, parse
from tests.web.upstream import OK, Visit, dechunked, service

CHUNKED = (
    b"PUT /shop/page/put HTTP/1.1\r\nHost: localhost\r\nTrailer: X-Sum\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
BODY = b"3\r\nabc\r\n0\r\n"
NEXT = b"GET /shop/page/next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Seen:
    """What the service got: the head of each request, and each body with its trailers."""

    def __init__(self) -> None:
        self.heads, self.bodies = list[str](), list[bytes]()

    async def __call__(self, visit: Visit) -> None:
        while True:
            self.heads.append(await visit.head())
            if "chunked" in self.heads[-1]:
                body = await visit.reader.readuntil(b"0\r\n")
                self.bodies.append(body + await visit.reader.readuntil(b"\r\n"))
            await visit.send(OK)


async def test_trailers_of_a_request_are_dropped_and_not_announced(live: Live, page: Path) -> None:
    seen = Seen()
    async with service(page, seen):
        await ask(live.port, CHUNKED + BODY + b"X-Sum: 1\r\nX-Hero-Claims: evil\r\n\r\n" + NEXT)
    assert dechunked(seen.bodies[0]) == b"abc"
    assert seen.bodies[0].endswith(b"0\r\n\r\n")
    assert "Trailer" not in seen.heads[0]
    assert "evil" not in "".join(seen.heads)


@pytest.mark.parametrize(
    "trailers",
    [
        b"\r\n",
        b"X-Hero-Claims: evil\r\n\r\n",
        b"A: 1\r\nHost: evil\r\n\r\n",
        b"X: evil\r\n\r\n\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_no_trailer_becomes_a_header_of_the_next_request(
    live: Live, page: Path, trailers: bytes, size: int
) -> None:
    """The connection goes on all the same, in whatever pieces the body comes."""
    seen = Seen()
    async with service(page, seen), asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        for _ in range(3):
            sent = CHUNKED + BODY + trailers
            for start in range(0, len(sent), size):
                writer.write(sent[start : start + size])
                await asyncio.sleep(0)
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.write(NEXT)
        assert parse(await reader.read()).status == 200
        writer.close()
    assert len(seen.heads) == 4
    assert "evil" not in "".join(seen.heads)


async def test_nor_of_a_request_to_the_router_itself(live: Live) -> None:
    """`X-Request-Id` in the trailers of one request would name the next one."""
    call = b"POST /rpc HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    async with asyncio.timeout(PATIENCE_SECONDS):
        writer.write(call + BODY + b"X-Request-Id: evil\r\n\r\n")
        await reader.readuntil(b"}}")
        writer.write(get("/health"))
        answer = parse(await reader.read())
    writer.close()
    assert answer.status == 200
    assert answer.fields["x-request-id"] != "evil"


@pytest.mark.parametrize("trailers", [b"\r\n", b"X: evil\r\n\r\n"])
@pytest.mark.parametrize("following", [NEXT, NEXT[:30], CHUNKED + BODY + b"\r\n"])
async def test_what_is_sent_before_the_answer_to_a_chunked_request_is_not_answered(
    live: Live, page: Path, trailers: bytes, following: bytes
) -> None:
    """The connection is closed after that answer: never does a request get another's field."""
    seen = Seen()
    async with service(page, seen):
        answer = await ask(live.port, CHUNKED + BODY + trailers + following)
    assert answer.status == 200
    assert answer.raw.count(b"HTTP/1.1 ") == 1
    assert len(seen.heads) == 1


async def test_a_chunked_request_after_many_that_wait_is_separate_too(
    live: Live, page: Path
) -> None:
    """aiohttp's parser stops when 32 requests wait; what it has not parsed yet is not lost sight
    of."""
    seen = Seen()
    one = b"GET /shop/page/x HTTP/1.1\r\nHost: localhost\r\n\r\n"
    sent = one * 31 + CHUNKED + BODY + b"X: evil\r\n\r\n" + NEXT
    async with service(page, seen):
        answer = await ask(live.port, sent)
    assert answer.raw.count(b"HTTP/1.1 200") >= 1
    assert "evil" not in "".join(seen.heads)


async def test_a_chunked_request_that_wants_an_upgrade_is_separate_too(
    live: Live, page: Path
) -> None:
    seen = Seen()
    upgrade = CHUNKED.replace(b"Trailer: X-Sum", b"Connection: upgrade\r\nUpgrade: websocket")
    async with service(page, seen):
        answer = await ask(live.port, upgrade + BODY + b"X: evil\r\n\r\n" + NEXT)
    assert answer.raw.count(b"HTTP/1.1 200") == 2
    assert "evil" not in "".join(seen.heads)
