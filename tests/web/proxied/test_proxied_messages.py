"""Requests and answers pass through a whole worker byte by byte."""

import asyncio
from pathlib import Path

import pytest

from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import Live
from tests.web.raw import ask, get, parse, post
from tests.web.upstream import (
    OK,
    Visit,
    answers,
    dechunked,
    exchanged,
    service,
    whole,
)


async def test_the_answer_keeps_status_reason_and_fields(live: Live, page: Path) -> None:
    answer = (
        b"HTTP/1.1 418 Short And Stout\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Odd:\r\n"
        b"Content-Type: text/plain\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: 3\r\n\r\n\x1f\x8b\x00"
    )
    async with service(page, answers(answer)):
        raw = await whole(live, get("/", "shop.localhost"))
    assert raw == answer.replace(b"X-Odd:", b"X-Odd: ").replace(
        b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_a_body_without_a_length_is_framed_for_the_client(
    live: Live, page: Path, version: str
) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = (chunked, b"3;ext=1\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\nX-Sum: 5\r\nHost: evil\r\n\r\n")
    async with service(page, answers(*parts)):
        answer = await ask(live.port, get("/shop/page/", version=version))
    if version == "1.0":
        assert (answer.body, "transfer-encoding" in answer.fields) == (b"abcde", False)
    else:
        assert answer.fields["transfer-encoding"] == "chunked"
        assert answer.body.endswith(b"0\r\nX-Sum: 5\r\n\r\n")
        assert dechunked(answer.body) == b"abcde"


async def test_a_body_that_ends_with_the_connection_ends_cleanly(live: Live, page: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(b"HTTP/1.0 200 OK\r\nContent-Type: a/b\r\n\r\nabc", b"de")

    async with service(page, script):
        answer = await ask(live.port, get("/shop/page/"))
    assert dechunked(answer.body) == b"abcde"


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ("Content-Length: 5", b"hello"),
        ("Transfer-Encoding: chunked", b"3\r\nhel\r\n2;x\r\nlo\r\n0\r\n\r\n"),
    ],
)
async def test_a_request_body_arrives_whole_and_framed_anew(
    live: Live, page: Path, fields: str, sent: bytes
) -> None:
    bodies = list[bytes]()

    async def script(visit: Visit) -> None:
        head = await visit.head()
        if "Content-Length: 5" in head:
            bodies.append(await visit.reader.readexactly(5))
        else:
            assert "Transfer-Encoding: chunked" in head
            bodies.append(dechunked(await visit.reader.readuntil(b"0\r\n\r\n")))
        await visit.send(OK)

    head = f"PUT /shop/page/ HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n".encode()
    async with service(page, script):
        raw = await exchanged(live, head, sent[:4], sent[4:], until=b"ok")
    assert parse(raw).status == 200
    assert bodies == [b"hello"]


async def test_a_body_cannot_hide_a_second_request(live: Live, page: Path) -> None:
    hidden = b"0\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n"
    seen = list[bytes]()

    async def script(visit: Visit) -> None:
        head = await visit.head()
        size = int(head.partition("Content-Length: ")[2].partition("\r\n")[0])
        seen.append(await visit.reader.readexactly(size))
        await visit.send(OK)
        seen.append(await visit.reader.read(100))

    length = f"Content-Length: {len(hidden)}"
    async with service(page, script):
        await ask(live.port, post(length, body=hidden, path="/shop/page/"))
    assert seen[0] == hidden
    assert seen[1:] in ([], [b""])


async def test_expect_is_answered_by_the_service_and_a_refusal_leaves_the_body_unread(
    live: Live, page: Path
) -> None:
    async def script(visit: Visit) -> None:
        head = await visit.head()
        assert "Expect: 100-continue" in head
        if head.startswith("PUT /no"):
            await visit.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            return
        await visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await visit.reader.readexactly(5) == b"hello"
        await visit.send(OK)

    def put(path: str) -> bytes:
        return (
            f"PUT /shop/page{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            "Expect: 100-continue\r\n\r\n"
        ).encode()

    async with service(page, script):
        refused = await exchanged(live, put("/no"), until=b"\r\n\r\n")
        assert parse(refused).status == 413
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(put("/yes"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"hello")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK")
        writer.close()


async def test_early_hints_are_passed_on(live: Live, page: Path) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    async with service(page, answers(hints, OK)):
        raw = await whole(live, get("/shop/page/"))
    assert raw.startswith(hints + b"HTTP/1.1 200 OK\r\n")


async def test_head_has_the_length_and_no_body_and_connections_are_kept(
    live: Live, page: Path
) -> None:
    async def script(visit: Visit) -> None:
        while True:
            head = await visit.head()
            whole = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello"
            await visit.send(whole[:-5] if head.startswith("HEAD") else whole)

    one = b"%b /shop/page/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with service(page, script) as made:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(3):
                writer.write(one % b"HEAD")
                assert b"Content-Length: 5\r\n\r\n" in await reader.readuntil(b"\r\n\r\n")
                writer.write(one % b"GET")
                assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        writer.close()
    assert made.visits == 1


async def test_pipelined_requests_are_answered_in_order(live: Live, page: Path) -> None:
    async def script(visit: Visit) -> None:
        while True:
            path = (await visit.head()).split(" ")[1]
            await visit.send(
                b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 1\r\n\r\n"
                + path[-1:].encode()
            )

    one = "GET /shop/page/{} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    sent = "".join(one.format(number) for number in range(3)) + get("/health").decode()
    async with service(page, script):
        raw = await whole(live, sent.encode())
    assert [raw.count(b"\r\n\r\n%d" % number) for number in range(3)] == [1, 1, 1]
    assert raw.index(b"\r\n\r\n0") < raw.index(b"\r\n\r\n1") < raw.index(b"\r\n\r\n2")
    assert raw.count(b"HTTP/1.1 200") == 4


async def test_a_safe_request_is_sent_again_on_a_stale_connection_and_others_get_a_fresh_one(
    live: Live, page: Path
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(OK)
        await visit.reader.readexactly(10)  # the next request comes: and is not answered

    async with service(page, script) as made:
        for method in ("GET", "GET", "POST", "GET"):
            length = "Content-Length: 0\r\n" if method == "POST" else ""
            request = f"{method} /shop/page/ HTTP/1.1\r\nHost: localhost\r\n{length}\r\n"
            assert parse(await exchanged(live, request.encode(), until=b"ok")).status == 200
    assert made.visits == 4
