"""HTTP answers to errors: JSON that repeats nothing of the request, and one line in the log."""

import asyncio
import json
import logging
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError, web
from pytest_aiohttp.plugin import AiohttpClient

from hero_router import errors
from hero_router.rpc.error_mapping import UNFORESEEN
from hero_router.web.middleware import add_headers, guard
from hero_router.web.route_groups import PUBLIC, add_routes
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import working


async def test_http_answers_are_json_and_repeat_nothing(
    aiohttp_client: AiohttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    raised: dict[str, Exception] = {
        "unforeseen": RuntimeError("secret"),
        "overloaded": errors.Overloaded("too much"),
        "ambiguous": errors.Ambiguous(["a", "b"]),
        "gone": web.HTTPGone(text="<b>secret</b>"),
        "large": web.HTTPRequestEntityTooLarge(1, 2),
    }

    async def handler(request: web.Request) -> web.Response:
        raise raised[request.match_info["what"]]

    app = web.Application(middlewares=[guard])
    add_routes(app, PUBLIC, [web.get("/{what}", handler)])
    app.on_response_prepare.append(add_headers)
    client = await aiohttp_client(app)

    async def told(path: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        answer = await client.get(path)
        assert answer.content_type == "application/json"
        text = await answer.text()
        assert "secret" not in text
        body = json.loads(text)["error"]
        assert body["request_id"] == answer.headers["X-Request-Id"] != ""
        return answer.status, body, dict(answer.headers)

    status, body, _ = await told("/unforeseen")
    assert (status, body["code"], body["message"]) == (500, "internal", UNFORESEEN)
    (logged,) = [item for item in caplog.records if item.levelno >= logging.ERROR]
    assert body["request_id"] in logged.getMessage()
    assert logged.exc_info is not None
    assert "secret" in str(logged.exc_info[1])
    status, body, headers = await told("/overloaded")
    assert (status, body["message"], headers["Retry-After"]) == (503, "too much", "2")
    assert (await told("/ambiguous"))[1]["candidates"] == ["a", "b"]
    assert (await told("/gone"))[1]["code"] == "http_410"
    assert (await told("/large"))[1]["code"] == "too_large"
    assert (await told("/no/such/page"))[1]["message"] == "there is no such page"


@pytest.mark.parametrize(
    ("request_", "why", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n", "Content-Length", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", "Bad status line", b"505"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
         "chunk size", b"400"),
    ],
)  # fmt: skip
async def test_what_is_no_http_is_refused_and_told_in_one_line(
    redis7: RedisServer, caplog: pytest.LogCaptureFixture, request_: bytes, why: str, status: bytes
) -> None:
    async with working(redis7.url) as live:
        caplog.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(request_)
        assert (await asyncio.wait_for(reader.readline(), PATIENCE_SECONDS)).split()[1] == status
        writer.close()
    told = [item for item in caplog.records if item.name == "hero_router.web.http_protocol"]
    assert [item.levelname for item in told] == ["INFO"]
    assert why in told[0].getMessage()
    assert "\n" not in told[0].getMessage()
    assert told[0].exc_info is None


async def test_a_client_that_reset_its_connection_before_the_head_is_no_error(
    aiohttp_client: AiohttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if "gone" in request.query:
            assert request.transport is not None
            request.transport.abort()
            return await _begun(request)
        raise ConnectionResetError

    app = web.Application(middlewares=[guard])
    add_routes(app, PUBLIC, [web.get("/", handler)])
    client = await aiohttp_client(app)
    with pytest.raises(ServerDisconnectedError):
        await client.get("/?gone")
    assert [item for item in caplog.records if item.levelno >= logging.WARNING] == []
    assert (await client.get("/")).status == 500


async def _begun(request: web.Request) -> web.StreamResponse:
    """Send a head, and some more, until the connection is known to be gone."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"more")
