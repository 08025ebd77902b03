"""Which service an address leads to, through a whole worker."""

import asyncio
import json
import os
import re
from contextlib import suppress
from pathlib import Path

import pytest

from hero_router.model import SocketState, Status
from hero_router.proxy.address import RESERVED
from hero_router.proxy.loops import MAX_PASSES
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.web.live import Live
from tests.web.raw import ask, get
from tests.web.upstream import (
    OK,
    Visit,
    answers,
    service,
)


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
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", named.pop("traceparent"))
    assert named == {
        "X-Forwarded-For": "127.0.0.1",
        "X-Real-IP": "127.0.0.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "localhost",
        "X-Forwarded-Prefix": "/shop/page",
    }


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


async def test_a_request_that_comes_back_again_and_again_is_a_loop(live: Live, page: Path) -> None:
    """A service that forwards to another one through the router is none: it comes back once."""

    async def script(visit: Visit) -> None:
        head = await visit.head()
        via = head.partition("Via: ")[2].partition("\r\n")[0]
        again = await ask(live.port, get("/shop/page/", "localhost", f"Via: {via}"))
        body = again.body if again.status == 200 else json.dumps(again.status).encode()
        await visit.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 3\r\n\r\n" + body
        )

    async with service(page, script) as made:
        answer = await ask(live.port, get("/shop/page/"))
    assert (answer.body, made.visits) == (b"508", MAX_PASSES)


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


async def test_the_addresses_that_the_router_gives_lead_to_their_sockets(
    live: Live, page: Path
) -> None:
    _, detail = await live.get("/api/services/shop")
    assert set(detail["addresses"]) == {"rpc", "admin", "web_page"}
    for name, link in detail["addresses"].items():
        assert link["path"]
        async with service(page.with_name(f"{name}.sock"), answers(OK.replace(b"ok", b"hi"))):
            assert (await ask(live.port, get(link["path"] + "x"))).body == b"hi"
            if link["host"]:
                answer = await ask(live.port, get(link["host_path"] + "x", link["host"]))
                assert answer.body == b"hi"
    assert detail["addresses"]["web_page"]["host"] == "shop.localhost"
