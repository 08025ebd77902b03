"""Requests to services in forms that few clients use, and some that none may."""

import asyncio
import socket
import struct
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import Live
from tests.web.raw import ask, get, parse
from tests.web.upstream import OK, Visit, exchanged, service

HEAD = b"PUT /shop/page/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class Seen:
    """A service that notes the heads of requests, and answers at once."""

    def __init__(self) -> None:
        self.heads = list[str]()

    async def __call__(self, visit: Visit) -> None:
        while True:
            self.heads.append(await visit.head())
            await visit.send(OK)

    @property
    def lines(self) -> list[str]:
        return [head.split("\r\n")[0] for head in self.heads]

    def names(self) -> list[str]:
        return [line.partition(":")[0].lower() for line in self.heads[0].split("\r\n")[1:-2]]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: identity\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        (HEAD + b"Content-Length: 3, 3\r\n\r\nabc", 400),
        (HEAD + b"Content-Length: +3\r\n\r\nabc", 400),
        (HEAD + b"Content-Length: \r\n\r\nabc", 400),
        (HEAD + b"Content-Length: 99999999999999999999999\r\n\r\nabc", 400),
        (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
        (CHUNKED + b"FFFFFFFFFFFFFFFF3\r\nabc\r\n0\r\n\r\n", 400),
        (CHUNKED + b"3\nabc\n0\n\n", 400),
        (CHUNKED + b"3;a\nxx\r\nabc\r\n0\r\n\r\n", 400),
        (CHUNKED + b"3\r\nabcdef\r\n0\r\n\r\n", 400),
        (b"CONNECT shop.localhost:80 HTTP/1.1\r\nHost: shop.localhost:80\r\n\r\n", 501),
        (b"TRACE /shop/page/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 501),
        (b"OPTIONS * HTTP/1.1\r\nHost: shop.localhost\r\n\r\n", 405),
        (get("/shop/page/a#b"), 400),
        (get("/shop/page/\xe9"), 400),
        (get("/sh\xe9p/page/"), 400),
        (get("/shop/page/" + "a" * 9000), 414),
        (get("/shop/page/", "localhost", *(f"X-{number}: a" for number in range(200))), 431),
        (get("/", "shop.localhost", "Expect: x"), 417),
        (HEAD + "Expect: 100-continue\xa0\r\nContent-Length: 3\r\n\r\nabc".encode(), 417),
    ],
)
async def test_what_is_refused_reaches_no_service(
    live: Live, page: Path, request_: bytes, status: int
) -> None:
    seen = Seen()
    async with service(page, seen):
        assert (await ask(live.port, request_)).status == status
        await asyncio.sleep(0.02)
    assert [head for head in seen.heads if not head.startswith("PUT / ")] == []


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (get("http://shop.localhost/a%2fb?x", "shop.localhost"), "GET /a%2fb?x HTTP/1.1"),
        (get("http://shop.localhost?x", "shop.localhost"), "GET /?x HTTP/1.1"),
        (get("http://shop.localhost", "shop.localhost"), "GET / HTTP/1.1"),
        (get("HTTP://localhost/shop/page/a"), "GET /a HTTP/1.1"),
        (b"GET http://shop.localhost/a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.1"),
        (b"GET /shop/page/a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.1"),
        (b"\r\n\r\n" + get("/shop/page/a"), "GET /a HTTP/1.1"),
        (get("/shop/page/a@b;c=d?e=f;g"), "GET /a@b;c=d?e=f;g HTTP/1.1"),
        (get("/shop/page/").replace(b"GET", b"PROPFIND"), "PROPFIND / HTTP/1.1"),
    ],
)
async def test_each_form_of_a_target_leads_to_the_service(
    live: Live, page: Path, request_: bytes, line: str
) -> None:
    """Which is told one host, as HTTP/1.1 wants it."""
    seen = Seen()
    async with service(page, seen):
        assert (await ask(live.port, request_)).status == 200
    assert seen.lines == [line]
    assert seen.names().count("host") == 1


async def test_nothing_is_added_that_the_client_did_not_say_but_what_is_documented(
    live: Live, page: Path
) -> None:
    """Not even a `User-Agent`; and `Connection` takes away no `Host`."""
    seen = Seen()
    fields = (
        "Connection: ",
        "Connection: ,host,,x-a",
        "X-A: 1",
        "Trailer: X",
        "Expect: 100-continue",
    )
    async with service(page, seen):
        await ask(live.port, get("/", "shop.localhost", *fields))
    assert seen.names() == [
        "host", "x-forwarded-for", "x-real-ip", "x-forwarded-proto", "x-forwarded-host",
        "via", "x-request-id", "traceparent",
    ]  # fmt: skip


async def test_a_client_that_takes_trailers_says_so_to_the_service(live: Live, page: Path) -> None:
    seen = Seen()
    async with service(page, seen):
        await ask(live.port, get("/", "shop.localhost", "TE: gzip, trailers"))
    assert "\r\nConnection: TE\r\nTE: trailers\r\n" in seen.heads[0]


async def test_expect_is_sent_once_and_a_refusal_closes_the_connection(
    live: Live, page: Path
) -> None:
    """Else the client's next request could be taken for the body that it did not send."""
    seen = Seen()
    expect = b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    request = HEAD.replace(b"Connection: close\r\n", b"") + expect
    async with service(page, seen) as made:
        answer = parse(await exchanged(live, request, until=b"ok"))
        assert answer.fields["connection"] == "close"
        assert seen.names().count("expect") == 1
        assert (await ask(live.port, get("/shop/page/"))).status == 200
    assert made.visits == 2, "the service still waits for a body on the first one"


@pytest.mark.parametrize("rest", [b"3\r\nabc\r\nzz\r\n", b"3\r\nabc\r\n", b"3\r\nab"])
async def test_a_chunked_body_that_breaks_off_never_looks_complete(
    live: Live, page: Path, rest: bytes
) -> None:
    came, bodies = asyncio.Event(), list[bytes]()

    async def script(visit: Visit) -> None:
        await visit.head()
        came.set()
        with suppress(ConnectionError):
            bodies.append(await visit.reader.read())

    async with service(page, script), asyncio.timeout(PATIENCE_SECONDS):
        _, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(CHUNKED)
        await came.wait()
        writer.write(rest)
        await asyncio.sleep(0.05)
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        await eventually(lambda: bodies, message="the service sees the end")
    assert b"0\r\n" not in bodies[0]


@pytest.mark.parametrize("answer", [OK, b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"])
async def test_a_service_that_answers_or_breaks_off_during_an_upload_ends_it(
    live: Live, page: Path, answer: bytes
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.reader.readexactly(100_000)
        await visit.send(answer)
        visit.writer.close()

    async with service(page, script), asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(HEAD + b"Content-Length: 1000000000\r\n\r\n")
        came = b""
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x" * 65_536)
                try:
                    async with asyncio.timeout(0.02):
                        came += await reader.read(65_536)
                except TimeoutError:
                    continue
                if came.endswith((b"ok", b"}}", b"hal")):
                    break
        writer.transport.abort()
    status = {b"": b"502"}.get(answer, b"200")
    assert came.startswith(b"HTTP/1.1 " + status) or (answer.endswith(b"hal") and not came)
