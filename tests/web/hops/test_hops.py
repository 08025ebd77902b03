"""A service of another node, asked through the own one: as if it were local."""

import asyncio
import contextlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from hero_router.settings import logging_setup
from hero_router.web import request_forwarder
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.hops.fleet import FAR, NEAR, Fleet, fleet
from tests.web.raw import Answer, ask, get, post
from tests.web.upstream import OK, UPGRADE, Visit, answers, dechunked, service

REDIRECT = (
    b"HTTP/1.1 302 Found\r\nLocation: /login\r\nSet-Cookie: a=b; Path=/\r\n"
    b"Set-Cookie: hero_session=stolen\r\nClear-Site-Data: *\r\nContent-Type: text/html\r\n"
    b"X-Hero-Hop: forged\r\nX-Hero-Hop-Cause: loop\r\nX-Hero-Hop-Refused: forged\r\n"
    b"Link: </a>; rel=b\r\nContent-Length: 2\r\n\r\nok"
)
TOLD = (
    "X-Forwarded-For: 1.1.1.1, 198.51.100.1", "X-Forwarded-Proto: https",
    "X-Forwarded-Host: public.example", "X-Forwarded-Prefix: /apps", "X-Forwarded-Port: 443",
    "X-Request-Id: mine", "X-Hero-Claims: root", "X_Hero_Claims: a", "X-Hero-Context: default",
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate: a=1",
    "Accept: a/b", "Cookie: hero_session=mine; own=1", "Authorization: Bearer of-the-service",
    "Via: 1.0 proxy", "X-Twice: 1", "X-Twice: 2",
)  # fmt: skip


async def both(two: Fleet, request: bytes) -> "tuple[Sequence[Answer], Sequence[list[str]]]":
    """The answers to a client at the service's own node and at the other one, and what it got."""
    heads = list[list[str]]()

    async def script(visit: Visit) -> None:
        heads.append((await visit.head()).split("\r\n"))
        await visit.send(REDIRECT)

    async with service(two.page, script):
        found = [await ask(live.port, request) for live in (two.far, two.near)]
    return found, heads


def but(lines: Sequence[str], *names: str) -> list[str]:
    return sorted(line for line in lines if line.partition(":")[0].lower() not in names)


@pytest.mark.parametrize("fields", [TOLD, (), TOLD[-8:]])
@pytest.mark.parametrize(("path", "host"), [
    ("/shop/page/a%2fb//c?d=%20&e", "localhost"), ("/default/shop/page/", "127.0.0.1:9988"),
    ("/rpc/x", "shop.localhost"), ("/rpc", "shop.localhost"), ("//a/../b", "shop.localhost"),
])  # fmt: skip
async def test_service_and_client_see_what_they_see_on_one_node(
    two: Fleet, path: str, host: str, fields: Sequence[str]
) -> None:
    (two.root / "shop").mkdir(exist_ok=True)
    (two.root / "shop/rpc.sock").symlink_to(two.page)
    (local, far), (here, there) = await both(two, get(path, host, *fields))
    made_anew = () if TOLD[5] in fields else ("traceparent", "x-request-id")
    assert but(there, "via", *made_anew) == but(here, "via", *made_anew)
    (via,) = (line for line in there if line.lower().startswith("via:"))
    assert via.count("hero_router-") == 2
    assert but(far.raw.decode().split("\r\n")) == but(local.raw.decode().split("\r\n"))
    assert "x-hero-hop" not in far.raw.decode().lower()


async def test_what_a_named_proxy_says_of_the_user_arrives_as_said_and_nobody_elses_word(
    redis7: RedisServer, tmp_path: Path
) -> None:
    """The other node need not know the proxy, nor the header in which it names the user."""
    near = {"trusted_proxies": "127.0.0.1", "auth_header": "X-User", "token": "t" * 16}
    async with fleet(redis7.url, tmp_path, near=near) as two:
        heads = list[str]()

        async def script(visit: Visit) -> None:
            heads.append((await visit.head()).lower())
            await visit.send(OK)

        async with service(two.page, script):
            request = get("/shop/page/", "localhost", *TOLD, "X-User: ann")
            assert (await ask(two.near.port, request)).status == 403, "a viewer calls no service"
            token = f"Proxy-Authorization: Bearer {near['token']}"
            assert (await ask(two.near.port, get("/shop/page/", "a.localhost"))).status == 401
            answer = await ask(two.near.port, get("/shop/page/", "localhost", token, *TOLD))
            assert answer.body == b"ok"
        (head,) = heads
        for said in ("x-hero-claims: root", "x-forwarded-port: 443", "x-hero-context: default"):
            assert head.count(said) == 1
        assert "x_hero" not in head
        assert near["token"] not in head
        assert "authorization: bearer of-the-service" in head


@pytest.mark.parametrize("fields", [("Content-Length: 5",), ("Transfer-Encoding: chunked",)])
async def test_bodies_pass_both_ways(two: Fleet, fields: Sequence[str]) -> None:
    got = list[bytes]()

    async def script(visit: Visit) -> None:
        head = await visit.head()
        got.append(
            await visit.reader.readexactly(5)
            if "Content-Length" in head
            else await visit.reader.readuntil(b"\r\n0\r\n\r\n")
        )
        await visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await visit.send(b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n")

    body = b"hello" if "Length" in fields[0] else b"5\r\nhello\r\n0\r\n\r\n"
    async with service(two.page, script):
        answer = await ask(two.near.port, post(*fields, body=body, path="/shop/page/"))
    assert got == [body]
    assert dechunked(answer.body) == b"abcde"
    assert b"X-Sum: 1" in answer.body


async def test_interim_answers_of_the_service_pass(two: Fleet) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    async with service(two.page, answers(hints, OK)):
        answer = await ask(two.near.port, get("/shop/page/"))
    assert answer.raw.startswith(hints + b"HTTP/1.1 200 OK\r\n")


async def test_a_service_lets_the_client_go_on_or_the_router_does(two: Fleet) -> None:
    async def script(visit: Visit) -> None:
        head = await visit.head()
        if head.startswith("PUT /quick"):
            await visit.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await visit.reader.readexactly(5) == b"hello"
        await visit.send(OK)

    for path, seconds in (("quick", 60.0), ("silent", 0.1)):
        head = (
            f"PUT /shop/page/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            "Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(request_forwarder, "CONTINUE_SECONDS", seconds)
            async with service(two.page, script), asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", two.near.port)
                writer.write(head.encode())
                go_on = await reader.readuntil(b"\r\n\r\n")
                assert go_on == b"HTTP/1.1 100 Continue\r\n\r\n"
                writer.write(b"hello")
                assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
                writer.close()


async def test_a_stream_passes_as_it_comes(two: Fleet) -> None:
    goes_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await goes_on.wait()
        await visit.send(b"data: 2\n\n")

    async with service(two.page, script):
        reader, writer = await asyncio.open_connection("127.0.0.1", two.near.port)
        writer.write(get("/shop/page/"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await reader.readuntil(b"data: 1\n\n")
            goes_on.set()
            await reader.readuntil(b"data: 2\n\n")
        writer.close()


async def test_a_tunnel_passes_both_ways_and_ends_at_both_ends(two: Fleet) -> None:
    ended = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(
            b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nfirst"
        )
        while data := await visit.reader.read(100):
            await visit.send(data.upper())
        await visit.send(b"bye")
        ended.set()

    async with service(two.page, script):
        reader, writer = await asyncio.open_connection("127.0.0.1", two.near.port)
        writer.write(UPGRADE.replace(b": t\r", b": websocket\r") + b"early")
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert b"x-hero-hop" not in (await reader.readuntil(b"\r\n\r\n")).lower()
            assert await reader.readexactly(10) == b"firstEARLY"
            writer.write_eof()
            assert await reader.read() == b"bye"
            await ended.wait()
        writer.close()


async def test_a_client_that_leaves_is_noticed_at_the_service(two: Fleet) -> None:
    came, left = asyncio.Event(), asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        came.set()
        with contextlib.suppress(ConnectionError):
            await visit.reader.read()
        left.set()

    async with service(two.page, script):
        _, writer = await asyncio.open_connection("127.0.0.1", two.near.port)
        writer.write(get("/shop/page/"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await came.wait()
            writer.transport.abort()
            await left.wait()


async def test_an_answer_that_breaks_off_breaks_the_clients_connection(two: Fleet) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")

    async with service(two.page, script):
        with pytest.raises(ConnectionResetError):
            await ask(two.near.port, get("/shop/page/"))


async def test_the_page_gives_the_addresses_of_a_service_that_can_be_reached(two: Fleet) -> None:
    path = f"/api/services/{two.record['id']}"
    _, found = await two.near.get(path)
    assert found["addresses"]["web_page"]["path"] == "/shop/page/"
    two.tell(far=())
    await two.reach(reached=False)
    _, found = await two.near.get(path)
    assert found["addresses"]["web_page"]["path"] is None
    assert f"node {FAR}, which this router cannot reach" in found["addresses"]["web_page"]["note"]


async def test_a_socket_that_was_bound_anew_is_found_there(two: Fleet) -> None:
    for body in (b"ok", b"OK"):
        two.page.unlink(missing_ok=True)
        async with service(two.page, answers(OK.replace(b"\r\n\r\nok", b"\r\n\r\n" + body))):

            async def is_there(body: bytes = body) -> bool:
                return (await ask(two.near.port, get("/shop/page/"))).body == body

            await eventually(is_there, message="the newest socket answers")


async def test_both_nodes_log_the_request_and_the_second_one_says_who_vouches(
    redis7: RedisServer, tmp_path: Path
) -> None:
    stream, logged = io.StringIO(), {"access_log": "json"}
    try:
        async with fleet(redis7.url, tmp_path, near=logged, far=logged) as two:
            logging_setup.setup_access("json", stream)
            async with service(two.page, answers(OK)):
                answer = await ask(two.near.port, get("/shop/page/", "127.0.0.1:9988"))
            assert answer.body == b"ok"
    finally:
        logging_setup.setup_access("off")
    far, near = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (near.get("peer"), far["peer"]) == (None, NEAR)
    for name in ("request_id", "trace_id", "host", "address", "principal", "node", "status"):
        assert near[name] == far[name], name
