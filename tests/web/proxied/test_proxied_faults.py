"""Services and clients that break off, are late, or speak no HTTP."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import Live
from tests.web.raw import ask, get, parse, post
from tests.web.upstream import (
    OK,
    Visit,
    service,
    until_broken,
)


@pytest.mark.parametrize(
    "begun",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 100\r\n\r\n" + b"x" * 50,
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
async def test_an_answer_that_breaks_off_breaks_the_clients_connection(
    live: Live, page: Path, begun: bytes
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(begun)

    async with service(page, script):
        came, is_clean = await until_broken(live, get("/shop/page/"))
    assert not is_clean
    assert not came.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nX",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_told_as_such(live: Live, page: Path, sent: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(sent)

    async with service(page, script):
        answer = await ask(live.port, get("/shop/page/"))
    assert (answer.status, answer.error["code"]) == (502, "bad_gateway")


async def test_a_client_that_leaves_ends_the_call(live: Live, page: Path) -> None:
    came, left = asyncio.Event(), asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        came.set()
        await visit.reader.read(1)
        left.set()

    async with service(page, script):
        _, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(get("/shop/page/"))
        await asyncio.wait_for(came.wait(), PATIENCE_SECONDS)
        writer.transport.abort()
        await asyncio.wait_for(left.wait(), PATIENCE_SECONDS)


async def test_a_client_that_does_not_read_stops_the_service(live: Live, page: Path) -> None:
    sent = 0
    piece = b"x" * 65_536

    async def script(visit: Visit) -> None:
        nonlocal sent
        await visit.head()
        await visit.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 67108864\r\n\r\n"
        )
        for _ in range(1024):
            await visit.send(piece)
            sent += len(piece)

    async with service(page, script):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port, limit=2**16)
        writer.write(get("/shop/page/"))
        before = -1
        async with asyncio.timeout(PATIENCE_SECONDS):
            while before != sent or not sent:
                before = sent
                await asyncio.sleep(0.3)
        assert sent < 32 * 2**20
        came = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while data := await reader.read(2**20):
                came += len(data)
        writer.close()
    assert came > 2**26


@pytest.mark.usefixtures("impatient")
async def test_an_answer_that_does_not_begin_in_time_is_told_as_late(
    live: Live, page: Path
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.reader.read()

    async with service(page, script):
        answer = await ask(live.port, get("/shop/page/"))
    assert (answer.status, answer.error["code"]) == (504, "gateway_timeout")


@pytest.mark.parametrize("limits", [{"proxy_connect_seconds": 0.5}])
async def test_a_service_that_accepts_nobody_is_told_as_late(live: Live, page: Path) -> None:
    os.mkdir(page.parent)  # noqa: PTH102 - at once
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(page))
        listener.listen(0)
        first.connect(str(page))
        answer = await ask(live.port, get("/shop/page/"))
    assert (answer.status, answer.error["code"]) == (504, "gateway_timeout")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("kind", "is_stream"), [("a/b", False), ("text/event-stream", True)])
async def test_silence_breaks_an_answer_but_not_an_event_stream(
    live: Live, page: Path, kind: str, is_stream: bool
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
        await visit.send(head.encode(), b"3\r\nabc\r\n")
        await asyncio.sleep(1.6)
        await visit.send(b"3\r\ndef\r\n0\r\n\r\n")

    async with service(page, script):
        came, _ = await until_broken(live, get("/shop/page/"))
    assert (b"def" in came) is is_stream


@pytest.mark.parametrize("limits", [{"proxy_answer_seconds": 0.8}])
async def test_a_slow_upload_is_not_the_services_fault(live: Live, page: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        assert await visit.reader.readexactly(8) == b"abcdefgh"
        await visit.send(OK)

    async with service(page, script):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(post("Content-Length: 8", path="/shop/page/"))
        writer.write(b"abcd")
        await asyncio.sleep(1.6)  # twice as long as the service may take to answer
        writer.write(b"efgh")
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert parse(await reader.read()).status == 200
        writer.close()


@pytest.mark.usefixtures("impatient")
async def test_a_client_that_stops_in_its_body_is_told_so_and_the_service_is_let_go(
    live: Live, page: Path
) -> None:
    ends = list[bytes]()

    async def script(visit: Visit) -> None:
        await visit.head()
        ends.append(await visit.reader.read())

    async with service(page, script):
        answer = await ask(live.port, post("Content-Length: 8", body=b"abc", path="/shop/page/"))
        assert answer.status == 408
        await eventually(lambda: ends == [b"abc"], message="the service sees the end")
