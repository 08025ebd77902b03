"""The router's token: sent to the router and nobody else, and what is said if it is refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hero_router import sse
from hero_router.client.events import Follower
from hero_router.client.http import AccessDenied, RequestRefused, RouterAway, call, fetch, get, post
from hero_router.client.live_state import LiveState
from hero_router.position import Position
from tests.support.wait import PATIENCE_SECONDS

TOKEN = "s3cret.token-0123456789"
STATE = {"cursor": "7-0", "run_id": "r", "services": [], "nodes": [], "stale": []}


class Router:
    """A router that knows one token."""

    def __init__(self) -> None:
        self.token = self.token_from_then_on = TOKEN
        self.seen: list[str | None] = []
        self.forbids = False
        self.rpc_error: dict[str, object] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.headers.get("Authorization"))
        if self.seen[-1] != f"Bearer {self.token}":
            return _error(401, "unauthorized", "a token is needed")
        if self.forbids:
            return _error(403, "forbidden", "this needs the role admin")
        if request.path == "/rpc":
            told = {"error": self.rpc_error} if self.rpc_error else {"result": 5}
            return web.json_response({"jsonrpc": "2.0", "id": 1, **told})
        if request.path == "/api/events":
            stream = web.StreamResponse(headers=sse.HEADERS)
            await stream.prepare(request)
            self.token = self.token_from_then_on
            frame = sse.frame("hello", {"run_id": "r"}, position=Position(7, 5), retry_ms=1)
            await stream.write(frame)
            return stream
        return web.json_response(STATE)


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


async def _serving(answer: Any) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


@pytest.fixture
def router() -> Router:
    return Router()


@pytest.fixture
async def url(router: Router) -> AsyncIterator[str]:
    async for found in _serving(router.answer):
        yield found


async def first(things: Any) -> Any:
    async with aclosing(things) as each:
        return await anext(each)


async def test_every_request_has_the_token(router: Router, url: str) -> None:
    assert (await get(url, "/api/services", token=TOKEN)).value == STATE
    assert await fetch(url, "/api/services", "services", token=TOKEN) == STATE
    assert await call(url, "router.scan", {}, token=TOKEN) == 5
    assert (await post(url, "/rpc", "{}", token=TOKEN)).status == 200
    assert (await first(Follower(url, token=TOKEN).messages())).event == "hello"
    assert (await first(LiveState(url, token=TOKEN).states()))["cursor"] == "7-0"
    assert set(router.seen) == {f"Bearer {TOKEN}"}
    assert len(router.seen) == 6


async def test_without_a_token_none_is_sent(router: Router, url: str) -> None:
    await get(url, "/")
    assert router.seen == [None]


async def test_a_router_that_wants_a_token_is_answered_with_what_to_set(url: str) -> None:
    with pytest.raises(AccessDenied) as refused:
        await fetch(url, "/")
    assert str(refused.value) == (
        f"{url} answers 401: a token is needed; set ROUTER_TOKEN or ROUTER_TOKEN_FILE to a token "
        "of this router"
    )
    assert refused.value.status == 401


async def test_a_wrong_token_is_said_to_be_wrong(url: str) -> None:
    with pytest.raises(AccessDenied) as refused:
        await call(url, "router.scan", {}, token="other")
    assert str(refused.value) == (
        f"{url} answers 401: a token is needed; this router does not know the token that is set: "
        "set ROUTER_TOKEN or ROUTER_TOKEN_FILE to another one"
    )


async def test_a_token_that_may_not_do_this_is_said_to_be_too_weak(
    router: Router, url: str
) -> None:
    router.forbids = True
    with pytest.raises(AccessDenied) as refused:
        await call(url, "router.scan", {}, token=TOKEN)
    assert str(refused.value) == (
        f"{url} answers 403: this needs the role admin; the token that is set does not allow it"
    )


async def test_a_method_that_refuses_a_token_says_so_as_well(router: Router, url: str) -> None:
    """JSON-RPC has codes of its own, in an answer with the status 200."""
    router.rpc_error = {"code": -32003, "message": "this needs the role admin"}
    with pytest.raises(AccessDenied) as refused:
        await call(url, "router.scan", {}, token=TOKEN)
    assert str(refused.value) == (
        f"{url} answers: this needs the role admin; the token that is set does not allow it"
    )
    assert refused.value.status == 403


async def test_an_answer_that_is_not_the_routers_gives_no_advice() -> None:
    """As a login page of a proxy: its 401 is about another secret."""

    async def login(_: web.Request) -> web.Response:
        return web.Response(status=401, text="<h1>Log in</h1>", content_type="text/html")

    async for url in _serving(login):
        with pytest.raises(RequestRefused) as refused:
            await fetch(url, "/")
        assert str(refused.value) == f"{url} answers 401: no reason is given"
        assert not isinstance(refused.value, AccessDenied)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(router: Router, url: str, status: int) -> None:
    """Whoever can answer for the router must not be able to lead the token elsewhere."""

    async def elsewhere(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": f"{url}/api/\x85services"})

    async for start in _serving(elsewhere):
        for asking in (
            fetch(start, "/api/services", token=TOKEN),
            call(start, "router.scan", {}, token=TOKEN),
            first(Follower(start, token=TOKEN).messages()),
        ):
            with pytest.raises(RouterAway, match=f"redirects to {url}/api/.services"):
                await asking
    assert router.seen == []


async def test_a_token_that_is_accepted_no_more_ends_what_follows(router: Router, url: str) -> None:
    """To go on trying would look like somebody who guesses tokens."""
    router.token_from_then_on = "new"
    messages = Follower(url, token=TOKEN).messages()
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(messages):
        await anext(messages)
        with pytest.raises(AccessDenied):
            await anext(messages)
    assert len(router.seen) == 2


async def test_a_state_that_may_be_loaded_no_more_ends_too(router: Router, url: str) -> None:
    """The stream goes on, but the router does not give the state that fills its gap."""
    router.token_from_then_on = "new"
    states = LiveState(url, token=TOKEN).states()
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(states):
        await anext(states)
        with pytest.raises(AccessDenied):
            await anext(states)
    assert len(router.seen) == 3


async def test_no_text_has_the_token(url: str) -> None:
    errors = []
    for asking in (
        fetch(url, "/", token=f"x{TOKEN}"),
        fetch("http://127.0.0.1:1", "/", token=TOKEN),
        fetch(url, "/", "nosuch", token=TOKEN),
        fetch(url.replace("//", "//user:pass@"), "/", token=TOKEN),
    ):
        with pytest.raises(RouterAway) as refused:
            await asking
        errors.append(repr(refused.value) + str(refused.value))
    assert not [text for text in errors if TOKEN in text]
