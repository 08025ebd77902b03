"""Answers of services that HTTP does not allow, or that belong to no request."""

import asyncio
from pathlib import Path

import pytest

from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import Live
from tests.web.raw import ask, get
from tests.web.upstream import OK, Visit, service, whole

LINE = b"HTTP/1.1 200 OK\r\n"
CHUNKS = b"\r\n3\r\nabc\r\n0\r\n\r\n"
TWO = b"Content-Length: 2\r\n\r\nok"
CLEAN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean"


@pytest.mark.parametrize(
    "answer",
    [
        LINE + b"Transfer-Encoding: gzip, chunked\r\n" + CHUNKS,
        LINE + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n" + CHUNKS,
        LINE + b"Transfer-Encoding: chunked, chunked\r\n" + CHUNKS,
        LINE + b"Transfer-Encoding: chunked, gzip\r\n" + CHUNKS,
        LINE + b"Transfer-Encoding: xchunked\r\n" + CHUNKS,
        LINE + b"Transfer-Encoding: gzip\r\n\r\nabc",
        LINE + b"Content-Length: +2\r\n\r\nok",
        LINE + b"Content-Length: 2, 2\r\n\r\nok",
        LINE + b"Content-Length: -2\r\n\r\nok",
        LINE + b"Content-Length:\r\n\r\nok",
        LINE + b"Content-Length: 99999999999999999999\r\n\r\nok",
        b"<html>HTTP/0.9</html>",
        b"HTTP/2.0 200 OK\r\n" + TWO,
        b"HTTP/1.2 200 OK\r\n" + TWO,
        b"HTTP/1.1 099 X\r\n" + TWO,
        b"HTTP/1.1 000 X\r\n" + TWO,
        b"HTTP/1.1 1000 X\r\n" + TWO,
        b"HTTP/1.1 200 a\x1b[2Jb\r\n" + TWO,
        b"HTTP/1.1 200 a\x00b\r\n" + TWO,
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        LINE + b"X: a\r\n b\r\n" + TWO,
        LINE + b"X: a\x01b\r\n" + TWO,
        LINE + b": a\r\n" + TWO,
        LINE + b"no colon\r\n" + TWO,
        LINE + b"X(a): b\r\n" + TWO,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 S\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 2000,
    ],
)
async def test_what_no_service_may_answer_is_told_as_such(
    live: Live, page: Path, answer: bytes
) -> None:
    """Interim answers without an end have one, too."""

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(answer)

    async with service(page, script):
        raw = (await ask(live.port, get("/shop/page/"))).raw
    final = raw[raw.index(b"HTTP/1.1 502") :]
    assert b'"bad_gateway"' in final
    assert raw.count(b"HTTP/1.1 102") < 1200


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200\r\n" + TWO, b"HTTP/1.1 200 \xe9\xff\r\n" + TWO, b"HTTP/1.1 600 X\r\n" + TWO,
     b"HTTP/1.0 200 OK\r\n" + TWO, LINE + b"x: \xff\t\xe9\r\n" + TWO],
)  # fmt: skip
async def test_what_is_odd_but_allowed_passes(live: Live, page: Path, answer: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(answer)

    async with service(page, script):
        assert (await whole(live, get("/", "shop.localhost"))).endswith(b"\r\n\r\nok")


@pytest.mark.parametrize(
    "extra",
    [CLEAN.replace(b"clean", b"extra"), LINE + b"Content-Length: 0\r\n\r\n", LINE + b"X-Evil: ",
     LINE[:9], b"junk"],
)  # fmt: skip
@pytest.mark.parametrize("pause", [0, 0.05])
async def test_what_a_service_sends_unasked_is_no_answer_to_the_next_request(
    live: Live, page: Path, extra: bytes, pause: float
) -> None:
    """Its connection is not used again."""

    async def script(visit: Visit) -> None:
        await visit.head()
        if pause:
            await visit.send(OK)
            await asyncio.sleep(pause)
            await visit.send(extra)
        else:
            await visit.send(OK + extra)
        await visit.head()
        await visit.send(CLEAN)

    async def clean(visit: Visit) -> None:
        await visit.head()
        await visit.send(CLEAN)

    visits = list[Visit]()

    async def both(visit: Visit) -> None:
        visits.append(visit)
        await (script(visit) if len(visits) == 1 else clean(visit))

    async with service(page, both):
        assert (await ask(live.port, get("/shop/page/"))).body == b"ok"
        await asyncio.sleep(2 * pause)
        answer = await ask(live.port, get("/shop/page/"))
    assert (answer.status, answer.body, "x-evil" in answer.fields) == (200, b"clean", False)
    assert len(visits) == 2


@pytest.mark.parametrize(
    ("answer", "length"),
    [
        (b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello", None),
        (b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n" + CHUNKS, None),
        (b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\nhello", "5"),
        (b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", "5"),
    ],
)
async def test_an_answer_that_has_no_body_ends_with_its_head(
    live: Live, page: Path, answer: bytes, length: str | None
) -> None:
    """What follows it is not the next answer. 204 may not even tell a length."""
    visits = list[Visit]()

    async def script(visit: Visit) -> None:
        visits.append(visit)
        while True:
            path = (await visit.head()).split(" ")[1]
            await visit.send(answer if path == "/none" else CLEAN)

    async with service(page, script):
        none = await ask(live.port, get("/shop/page/none"))
        assert (none.body, none.fields.get("content-length")) == (b"", length)
        assert "transfer-encoding" not in none.fields
        assert (await ask(live.port, get("/shop/page/"))).body == b"clean"


async def test_trailers_of_one_answer_are_not_in_the_next(live: Live, page: Path) -> None:
    chunked = LINE + b"Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"

    async def script(visit: Visit) -> None:
        while True:
            path = (await visit.head()).split(" ")[1]
            trailers = b"X-Sum: 1\r\nX-Unannounced: 2\r\nSet-Cookie: a=b\r\n\r\n"
            await visit.send(CLEAN if path == "/next" else chunked + trailers)

    async with service(page, script) as made:
        first = await ask(live.port, get("/shop/page/", "localhost"))
        assert first.fields["trailer"] == "X-Sum"
        assert first.body.endswith(b"0\r\nX-Sum: 1\r\nX-Unannounced: 2\r\n\r\n")
        second = await ask(live.port, get("/shop/page/next"))
        old = await ask(live.port, get("/shop/page/", version="1.0"))
        assert (old.body, "trailer" in old.fields) == (b"abc", False)
    assert (second.body, made.visits) == (b"clean", 1)
    assert {"x-sum", "x-unannounced", "set-cookie"}.isdisjoint(second.fields)


@pytest.mark.usefixtures("impatient")
async def test_a_head_that_drips_ends_in_time(live: Live, page: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        for byte in LINE * 100:
            await visit.send(bytes([byte]))
            await asyncio.sleep(0.05)

    async with service(page, script):
        answer = await ask(live.port, get("/shop/page/"))
    assert (answer.status, answer.error["code"]) == (504, "gateway_timeout")


async def test_a_head_reaches_the_client_before_there_is_a_body(live: Live, page: Path) -> None:
    go_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(LINE + b"Content-Length: 2\r\n\r\n")
        await go_on.wait()
        await visit.send(b"ok")

    async with service(page, script), asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(get("/shop/page/"))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(LINE)
        go_on.set()
        assert await reader.read() == b"ok"
        writer.close()
