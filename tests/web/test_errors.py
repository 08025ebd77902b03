"""Every error has one row: what an HTTP caller and a JSON-RPC caller are told of it."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError, web
from pytest_aiohttp.plugin import AiohttpClient

from hero_router import errors
from hero_router.codec import InvalidJson
from hero_router.errors import RouterError
from hero_router.rpc import errors as rpc_errors
from hero_router.rpc.dispatcher import InvalidRequest, NoMethod
from hero_router.rpc.errors import CODES, TITLES, UNFORESEEN, error_info, rpc_error
from hero_router.web.middleware import add_headers, guard
from tests.support.redis import RedisServer
from tests.web.live import working


def kinds(root: type[RouterError] = RouterError) -> Iterator[type[RouterError]]:
    """The tree as web can meet it; other tests may have loaded errors of the command line."""
    for kind in root.__subclasses__():
        if kind.__module__.startswith(
            ("hero_router.errors", "hero_router.codec", "hero_router.web", "hero_router.rpc")
        ):
            yield kind
            yield from kinds(kind)


def made(kind: type[RouterError]) -> RouterError:
    return errors.Ambiguous(["a", "b"]) if kind is errors.Ambiguous else kind("the text")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (InvalidJson, 400, -32700),
        (InvalidRequest, 400, -32600),
        (NoMethod, 404, -32601),
        (errors.BadRequest, 400, -32602),
        (errors.Ambiguous, 409, -32009),
        (errors.NotFound, 404, -32004),
        (errors.Overloaded, 503, -32005),
        (errors.ScanTimeout, 504, -32006),
        (errors.TimedOut, 504, -32603),
        (errors.StoreError, 503, -32001),
        (errors.StoreUnreachable, 503, -32001),
        (errors.NotReady, 503, -32001),
        (errors.Fenced, 503, -32001),
        (errors.ConfigError, 500, -32603),
        (RouterError, 500, -32603),
    ],
)
def test_each_error_has_its_codes(kind: type[RouterError], status: int, code: int) -> None:
    told = error_info(made(kind))
    assert (told.status, told.rpc) == (status, code)


def test_an_error_that_the_table_knows_is_told_by_its_own_code_and_words() -> None:
    for kind in kinds():
        told = error_info(made(kind))
        if told.status == 500:
            assert (told.code, told.message) == ("internal", UNFORESEEN)
        else:
            assert (told.code, told.message) == (kind.code, str(made(kind)))


def test_the_table_in_the_documentation_is_the_table() -> None:
    row = re.compile(r"^ {4}(\w+)(?: and below)? +(\d{3}) +(-\d+)", re.MULTILINE)
    rows = row.findall(rpc_errors.__doc__ or "")
    assert {name: (int(status), int(code)) for name, status, code in rows} == CODES


def test_codes_of_our_own_lie_in_the_range_that_json_rpc_leaves_to_servers() -> None:
    own = {code for _, code in CODES.values()} - TITLES.keys()
    assert own
    assert all(-32099 <= code <= -32000 for code in own)


def test_a_class_that_only_borrows_a_code_is_not_ours() -> None:
    class Foreign(Exception):
        code = "bad_request"

    assert error_info(Foreign("secret")).message == UNFORESEEN


def test_the_json_rpc_form_begins_with_the_words_of_the_specification() -> None:
    assert rpc_error(errors.BadRequest("limit is missing"), "r1") == {
        "code": -32602,
        "message": "Invalid params: limit is missing",
        "data": {"code": "bad_request", "request_id": "r1"},
    }
    assert rpc_error(errors.Ambiguous(["a", "b"]), "r1")["data"] == {
        "candidates": ["a", "b"],
        "code": "ambiguous",
        "request_id": "r1",
    }


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
    app.add_routes([web.get("/{what}", handler)])
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
        assert (await asyncio.wait_for(reader.readline(), 5)).split()[1] == status
        writer.close()
    told = [item for item in caplog.records if item.name == "hero_router.web.protocol"]
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
    app.add_routes([web.get("/", handler)])
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
