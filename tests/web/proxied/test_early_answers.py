"""Answers that begin, end or break off before the client has sent the whole body of its request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from hero_router.web import request_forwarder
from hero_router.web.header_rewriter import HeaderRewriter
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import Live
from tests.web.raw import ask, get, parse
from tests.web.upstream import OK, Silent, Visit, answers, dechunked, service

UPLOAD = b"PUT /shop/page/ HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n"
PART = b"3\r\nabc\r\n"
BEGUN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def sending(live: Live, data: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """What comes back while a client sends no more than this."""
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    with closing(writer):
        writer.write(data)
        async with asyncio.timeout(PATIENCE_SECONDS):
            yield reader


async def begins(visit: Visit) -> None:
    """Begin an event stream, and read on."""
    await visit.head()
    await visit.send(BEGUN, PART)
    await visit.reader.read()


async def test_an_answer_before_the_end_of_an_upload_is_the_only_one(
    live: Live, page: Path
) -> None:
    """And the client's connection takes the next request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    async with service(page, answers(OK)), asyncio.timeout(PATIENCE_SECONDS):
        writer.write(CHUNKED)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.write(b"0\r\n\r\n")
        await asyncio.sleep(0.05)
        writer.write(get("/health"))
        rest = parse(await reader.read())
    writer.close()
    assert (rest.status, rest.raw.count(b"HTTP/1.1 ")) == (200, 1)


async def test_an_answer_ends_the_call_though_the_client_owes_some_of_its_body(
    live: Live, page: Path
) -> None:
    async with service(page, answers(OK)), sending(live, CHUNKED + PART) as came:
        assert parse(await came.readuntil(b"ok")).status == 200
        await eventually(lambda: live.parts.proxy.quota.open == 0, message="its slot is free")
        assert not live.parts.proxy.forwarder.calls
        assert await came.read() == b""


async def test_no_100_is_written_into_an_answer_that_has_begun(
    live: Live, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is the body awaited that such a client does not send."""
    monkeypatch.setattr(request_forwarder, "CONTINUE_SECONDS", 0.1)

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(BEGUN, PART)
        await asyncio.sleep(0.4)
        await visit.send(b"3\r\ndef\r\n0\r\n\r\n")

    expect = b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    async with service(page, script), sending(live, UPLOAD + expect) as came:
        answer = parse(await came.read())
    assert (answer.status, answer.fields["connection"]) == (200, "close")
    assert dechunked(answer.body) == b"abcdef"


@pytest.mark.parametrize(
    ("body", "limits"), [(PART, {"proxy_silence_seconds": 0.5}), (PART + b"zz\r\n", {})]
)
async def test_a_body_that_pauses_or_is_malformed_breaks_an_answer_that_has_begun(
    live: Live, page: Path, body: bytes
) -> None:
    """An error cannot be told any more: it would be taken for a part of the answer."""
    async with service(page, begins):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        async with asyncio.timeout(PATIENCE_SECONDS):
            writer.write(CHUNKED)
            assert (await reader.readuntil(PART)).startswith(b"HTTP/1.1 200 OK\r\n")
            writer.write(body)
            with pytest.raises(ConnectionResetError):
                await reader.read()
        writer.close()
        await eventually(lambda: live.parts.proxy.quota.open == 0, message="its slot is free")


async def test_a_body_that_is_malformed_later_is_refused_at_once(live: Live, page: Path) -> None:
    silent = Silent()
    async with service(page, silent), asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        with closing(writer):
            writer.write(CHUNKED)
            await silent.came.wait()
            writer.write(PART + b"zz\r\n")
            answer = parse(await reader.read())
    assert (answer.status, answer.raw.count(b"HTTP/1.1 ")) == (400, 1)


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nX"])
async def test_a_service_that_breaks_off_while_the_client_pauses_is_told_at_once(
    live: Live, page: Path, sent: bytes
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.reader.readexactly(len(PART))
        await visit.send(sent)

    async with service(page, script), sending(live, CHUNKED + PART) as came:
        assert parse(await came.readuntil(b"}}")).status == 502
    _, listed = await live.get("/api/services/shop/errors")
    (error,) = listed["errors"]
    assert (error["status"], error["cause"]) == (502, "broken_upstream")


@pytest.mark.parametrize("is_kept", [False, True])
async def test_a_request_that_fails_in_the_router_lets_its_connection_go(
    live: Live, page: Path, monkeypatch: pytest.MonkeyPatch, is_kept: bool
) -> None:
    left, request = asyncio.Event(), get("/shop/page/")

    async def script(visit: Visit) -> None:
        if is_kept:
            await visit.head()
            await visit.send(OK)
        assert await visit.reader.read() == b""
        left.set()

    def fails(*_: object, **__: object) -> bytes:
        raise ValueError("on purpose")

    async with service(page, script), asyncio.timeout(PATIENCE_SECONDS):
        if is_kept:
            await ask(live.port, request)
        monkeypatch.setattr(HeaderRewriter, "request_head", fails)
        if is_kept:
            with pytest.raises(AssertionError):  # without an answer
                await ask(live.port, request)
        else:
            assert (await ask(live.port, request)).status == 500
        await left.wait()
    assert live.parts.proxy.quota.open == 0
