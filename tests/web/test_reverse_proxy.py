"""A whole worker between raw clients and scripted services: which bytes go through, and which end.

Each service listens on a real Unix socket; client libraries would hide most of these faults.
"""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from hero_router.model import SocketState, Status
from hero_router.web.reverse_proxy import RESERVED
from tests.support.hand import NODE, Hand, writing
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import eventually
from tests.web.live import WINDOW, Live, working
from tests.web.raw import ask, get, parse, post
from tests.web.upstream import Visit, answers, service

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


LIMITS = {"proxy_answer_seconds": 0.8, "proxy_silence_seconds": 0.8, "proxy_connect_seconds": 0.5}


@pytest.fixture
async def hand(redis7: RedisServer) -> AsyncIterator[Hand]:
    async with writing(redis7.url, WINDOW) as made:
        yield made


@pytest.fixture
async def live(redis7: RedisServer, hand: Hand, tmp_path: Path) -> AsyncIterator[Live]:
    """A worker that knows the service `shop` with the sockets rpc, admin and web_page."""
    sockets = tuple(
        SocketState(name, name, f"shop/{name}.sock", Status.HEALTHY)
        for name in ("rpc", "admin", "web_page")
    )
    async with working(redis7.url, node=NODE, socket_dir=str(tmp_path), **LIMITS) as worker:
        await worker.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        yield worker


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "shop/web_page.sock"


async def whole(live: Live, request: bytes) -> bytes:
    """All that comes until the worker closes the connection."""
    return (await ask(live.port, request)).raw


async def test_the_service_gets_the_bytes_behind_the_prefix_and_the_documented_fields(
    live: Live, page: Path
) -> None:
    heads = list[str]()

    async def script(visit: Visit) -> None:
        heads.append(await visit.head())
        await visit.send(OK)

    target = "/shop/page/a%2Fb/../c//d;e?q=%zz&x"
    async with service(page, script):
        given = ("X-A: 1", "X_Hero_Claims: root", "x-a: 2")
        answer = await ask(live.port, get(target, "localhost", *given))
    assert (answer.status, answer.body) == (200, b"ok")
    line, *fields = heads[0].split("\r\n")
    assert line == "GET /a%2Fb/../c//d;e?q=%zz&x HTTP/1.1"
    assert fields[:3] == ["Host: localhost", "X-A: 1", "x-a: 2"]
    named = dict(each.split(": ", 1) for each in fields[3:-2])
    assert named.pop("X-Request-Id")
    assert named.pop("Via").startswith("1.1 hero_router-")
    assert named == {
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "localhost",
        "X-Forwarded-Prefix": "/shop/page",
    }


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


def dechunked(body: bytes) -> bytes:
    """The bytes in chunks."""
    found = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if not int(size, 16):
            return found
        found, body = found + body[: int(size, 16)], body[int(size, 16) + 2 :]


async def test_a_body_that_ends_with_the_connection_ends_cleanly(live: Live, page: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(b"HTTP/1.0 200 OK\r\nContent-Type: a/b\r\n\r\nabc", b"de")

    async with service(page, script):
        answer = await ask(live.port, get("/shop/page/"))
    assert dechunked(answer.body) == b"abcde"


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
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(get("/shop/page/"))
        came = b""
        with suppress(ConnectionResetError):
            async with asyncio.timeout(5):
                while data := await reader.read(65_536):
                    came += data
                pytest.fail("a clean end")
        writer.close()
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


async def test_nothing_listens_and_no_file(live: Live, page: Path) -> None:
    answer = await ask(live.port, get("/shop/page/"))
    assert (answer.status, answer.error["code"]) == (503, "no_listener")
    async with service(page, answers(OK)):
        await asyncio.sleep(0)
    answer = await ask(live.port, get("/shop/page/"))
    assert (answer.status, answer.error["code"]) == (503, "no_listener")


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        ("/nosuch/rpc/", 404, "no such service"),
        ("/shop/nosuch/", 404, "admin, page, rpc"),
        ("/acme/shop/rpc", 404, "it is in default"),
        ("/shop/..%2fadmin/x", 400, "segment"),
        ("/shop/../admin/x", 400, "segment"),
        ("//shop/page/", 404, "no such page"),
    ],
)
async def test_an_address_that_leads_nowhere_says_what_exists(
    live: Live, target: str, status: int, words: str
) -> None:
    answer = await ask(live.port, get(target))
    assert answer.status == status
    assert words in answer.error["message"]


async def test_by_host_name_the_service_has_the_whole_origin(live: Live, page: Path) -> None:
    heads = list[str]()

    async def script(visit: Visit) -> None:
        heads.append((await visit.head()).partition(" HTTP")[0])
        await visit.send(
            b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Type: text/html\r\n",
            b"Content-Length: 0\r\n\r\n",
        )

    async with service(page, script), service(page.with_name("rpc.sock"), script):
        for target in ("/api/services?x", "/", "/rpc", "/rpc/openrpc.json"):
            answer = await ask(live.port, get(target, f"shop.localhost:{live.port}"))
            assert (answer.status, answer.fields["location"]) == (
                302,
                "/x" if "rpc" not in target else "/rpc/x",
            )
    assert heads == ["GET /api/services?x", "GET /", "GET /rpc", "GET /openrpc.json"]


async def test_a_page_without_a_slash_is_redirected_and_the_rpc_socket_is_not(
    live: Live, page: Path
) -> None:
    answer = await ask(live.port, get("/shop/page?a=b"))
    assert (answer.status, answer.fields["location"]) == (308, "/shop/page/?a=b")
    heads = list[str]()

    async def script(visit: Visit) -> None:
        heads.append((await visit.head()).partition(" HTTP")[0])
        await visit.send(OK)

    async with service(page.with_name("rpc.sock"), script):
        assert (await ask(live.port, get("/shop/rpc?a=b"))).status == 200
    assert heads == ["GET /rpc?a=b"]


async def exchanged(live: Live, *parts: bytes, until: bytes) -> bytes:
    """Send the parts, one after the other, and read until this has come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)
        async with asyncio.timeout(5):
            return await reader.readuntil(until)
    finally:
        writer.close()


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
        async with asyncio.timeout(5):
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
        async with asyncio.timeout(5):
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


async def test_a_client_that_leaves_ends_the_call(live: Live, page: Path) -> None:
    left = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.reader.read(1)
        left.set()

    async with service(page, script):
        _, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(get("/shop/page/"))
        await asyncio.sleep(0.1)
        writer.transport.abort()
        await asyncio.wait_for(left.wait(), 5)


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
        async with asyncio.timeout(10):
            while before != sent or not sent:
                before = sent
                await asyncio.sleep(0.3)
        assert sent < 32 * 2**20
        came = 0
        async with asyncio.timeout(30):
            while data := await reader.read(2**20):
                came += len(data)
        writer.close()
    assert came > 2**26


async def test_an_upgrade_is_a_tunnel_both_ways(live: Live, page: Path) -> None:
    async def script(visit: Visit) -> None:
        head = await visit.head()
        assert "Upgrade: websocket" in head
        assert "Connection: upgrade" in head
        assert "Sec-WebSocket-Key: k" in head
        await visit.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: a\r\n\r\nfirst"
        )
        while data := await visit.reader.read(100):
            await visit.send(data.upper())
        await visit.send(b"bye")

    request = (
        b"GET /shop/page/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n"
    )
    async with service(page, script):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(request + b"early")
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            assert b"Sec-WebSocket-Accept: a\r\n" in head
            assert await reader.readexactly(10) == b"firstEARLY"
            writer.write(b"abc")
            assert await reader.readexactly(3) == b"ABC"
            writer.write_eof()
            assert await reader.read() == b"bye"
        writer.close()


async def test_a_refused_upgrade_is_an_answer(live: Live, page: Path) -> None:
    request = (
        b"GET /shop/page/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n"
        b"Upgrade: websocket\r\n\r\n"
    )
    async with service(page, answers(OK)):
        assert parse(await whole(live, request)).body == b"ok"


async def test_a_request_that_comes_back_is_a_loop(live: Live, page: Path) -> None:
    async def script(visit: Visit) -> None:
        head = await visit.head()
        via = head.partition("Via: ")[2].partition("\r\n")[0]
        again = await ask(live.port, get("/shop/page/", "localhost", f"Via: {via}"))
        body = json.dumps(again.status).encode()
        await visit.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 3\r\n\r\n" + body
        )

    async with service(page, script) as made:
        answer = await ask(live.port, get("/shop/page/"))
    assert (answer.body, made.visits) == (b"508", 1)


async def test_a_socket_that_leads_out_of_the_folder_is_not_connected_to(
    live: Live, page: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "other.sock"
    async with service(outside, answers(OK)) as made:
        os.mkdir(page.parent)  # noqa: PTH102 - at once
        os.symlink(outside, page)  # noqa: PTH211
        answer = await ask(live.port, get("/shop/page/"))
    assert (answer.status, made.visits) == (503, 0)


async def test_a_service_that_was_bound_anew_is_found(live: Live, page: Path) -> None:
    for word in (b"aa", b"bb"):
        async with service(page, answers(OK.replace(b"ok", word))):
            assert (await ask(live.port, get("/shop/page/"))).body == word
        with suppress(FileNotFoundError):
            os.unlink(page)  # noqa: PTH108


async def test_an_answer_that_does_not_begin_in_time_is_told_as_late(
    live: Live, page: Path
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.reader.read()

    async with service(page, script):
        answer = await ask(live.port, get("/shop/page/"))
    assert (answer.status, answer.error["code"]) == (504, "gateway_timeout")


async def test_a_service_that_accepts_nobody_is_told_as_late(live: Live, page: Path) -> None:
    os.mkdir(page.parent)  # noqa: PTH102 - at once
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(page))
        listener.listen(0)
        first.connect(str(page))
        answer = await ask(live.port, get("/shop/page/"))
    assert (answer.status, answer.error["code"]) == (504, "gateway_timeout")


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
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(get("/shop/page/"))
        came = b""
        with suppress(ConnectionResetError):
            async with asyncio.timeout(5):
                while data := await reader.read(65_536):
                    came += data
        writer.close()
    assert (b"def" in came) is is_stream


async def test_a_slow_upload_is_not_the_services_fault(live: Live, page: Path) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        assert await visit.reader.readexactly(8) == b"abcdefgh"
        await visit.send(OK)

    async with service(page, script):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(post("Content-Length: 8", path="/shop/page/"))
        for byte in b"abcdefgh":
            writer.write(bytes([byte]))
            await asyncio.sleep(0.2)
        async with asyncio.timeout(5):
            assert parse(await reader.read()).status == 200
        writer.close()


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


async def test_a_browser_gets_a_refusal_as_a_page_in_which_nothing_runs(live: Live) -> None:
    answer = await ask(live.port, get("/shop/page/", "localhost", "Accept: text/html,*/*"))
    assert (answer.status, answer.fields["content-type"]) == (503, "text/html; charset=utf-8")
    assert b"<h1>503 Service Unavailable</h1>" in answer.body
    assert answer.fields["x-request-id"].encode() in answer.body
    assert answer.fields["content-security-policy"].startswith("default-src 'none'")
    hostile = await ask(live.port, get("/%3Cscript%3E/rpc", "localhost", "Accept: text/html"))
    assert (hostile.status, b"<script" in hostile.body) == (404, False)


async def test_the_routers_own_first_segments_are_never_a_service(live: Live) -> None:
    routes = {route.resource for route in live.runner.app.router.routes() if route.resource}
    own = {each.canonical.split("/")[1].partition("{")[0] for each in routes}
    assert own <= RESERVED


async def test_a_service_of_a_reserved_name_is_reached_with_its_context(
    live: Live, hand: Hand, tmp_path: Path
) -> None:
    socket = SocketState("rpc", "rpc", "api/rpc.sock", Status.HEALTHY)
    await live.reaches(await hand.write(put("api", node=NODE, sockets=(socket,))))
    async with service(tmp_path / "api/rpc.sock", answers(OK)):
        assert (await ask(live.port, get("/api/rpc/x"))).status == 404
        assert (await ask(live.port, get("/default/api/rpc/x"))).body == b"ok"
        assert (await ask(live.port, get("/rpc/x", "api.localhost"))).body == b"ok"


UPGRADE = (
    b"GET /shop/page/ws HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: t\r\n\r\n"
)


async def accept(visit: Visit) -> None:
    """Accept an upgrade, and then echo."""
    await visit.head()
    await visit.send(b"HTTP/1.1 101 Yes\r\nUpgrade: t\r\nConnection: upgrade\r\n\r\n")
    while data := await visit.reader.read(100):
        await visit.send(data)


async def test_a_tunnel_that_carries_nothing_is_closed_and_a_used_one_is_not(
    redis7: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    where = {"node": NODE, "socket_dir": str(tmp_path)}
    async with (
        working(redis7.url, proxy_idle_seconds=1, **where) as live,
        service(tmp_path / "shop/web_page.sock", accept),
    ):
        await live.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(UPGRADE)
        async with asyncio.timeout(10):
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(8):
                writer.write(b"a")
                assert await reader.readexactly(1) == b"a"
                await asyncio.sleep(0.2)
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()


async def test_a_worker_that_ends_closes_its_tunnels(
    redis7: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    where = {"node": NODE, "socket_dir": str(tmp_path)}
    async with service(tmp_path / "shop/web_page.sock", accept):
        async with working(redis7.url, **where) as live:
            await live.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
            reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
            writer.write(UPGRADE)
            await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
