"""The access log: what each line says, what none says, and that nobody can forge one."""

import asyncio
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict, CIMultiDictProxy

from hero_router.model import SocketState, Status
from hero_router.settings import logging_setup
from hero_router.web import access_log
from hero_router.web.http_protocol import HttpProtocol
from tests.support.hand import NODE, writing
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import eventually
from tests.web.live import WINDOW, Live, working
from tests.web.raw import ask, get
from tests.web.upstream import OK, UPGRADE, Silent, Visit, accept, answers, service

Log = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log() -> Iterator[Log]:
    """The lines of the access log so far, once it is written to this place."""
    stream = io.StringIO()

    def lines() -> list[dict[str, Any]]:
        logging_setup.setup_access("json", stream)
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield lines
    logging_setup.setup_access("off")


@pytest.fixture
async def live(redis7: RedisServer, tmp_path: Path, log: Log) -> Any:
    """A worker with an access log, which knows the service `shop`."""
    sockets = (SocketState("web_page", "web_page", "shop/page.sock", Status.HEALTHY),)
    settings = {"node": NODE, "socket_dir": str(tmp_path), "access_log": "json"}
    async with (
        writing(redis7.url, WINDOW) as hand,
        working(redis7.url, **settings) as worker,
    ):
        await worker.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        log()
        yield worker


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return tmp_path / "shop/page.sock"


async def one(log: Log) -> dict[str, Any]:
    """The only line, as soon as it is written."""
    await eventually(log, message="a line is written")
    (line,) = log()
    return line


async def test_a_request_that_the_router_answers_is_one_line(live: Live, log: Log) -> None:
    began = time.monotonic()
    answer = await ask(live.port, get("/api/services?a=b", "localhost:1", "User-Agent: curl/8"))
    line = await one(log)
    assert line.pop("time")
    assert 0 < line.pop("seconds") <= time.monotonic() - began
    assert line.pop("pid")
    assert line == {
        "level": "info", "logger": "hero_router.access", "message": "answered",
        "method": "GET", "target": "/api/services?a=b", "host": "localhost:1", "status": 200,
        "bytes": len(answer.body), "principal": "anonymous", "address": "127.0.0.1",
        "request_id": answer.fields["x-request-id"], "agent": "curl/8",
    }  # fmt: skip


async def test_a_request_that_is_passed_on_names_the_service_and_the_times(
    live: Live, log: Log, page: Path
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with service(page, answers(OK)):
        parent = f"traceparent: 00-{trace}-00f067aa0ba902b7-01"
        await ask(live.port, get("/shop/page/x", "localhost", parent))
    line = await one(log)
    assert (line["message"], line["target"], line["status"]) == ("passed on", "/shop/page/x", 200)
    known = {"service": "shop", "context": "default", "role": "web_page", "node": NODE}
    assert known.items() <= line.items()
    assert (line["bytes"], line["cause"], line["principal"]) == (2, "complete", "anonymous")
    assert line["trace_id"] == trace
    assert 0 < line["first_byte_seconds"] <= line["seconds"]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get("/shop/page/"), 503),
        (get("/nothing/rpc"), 404),
        (get("/shop/%2e%2e/"), 400),
        (get("/health", "evil.example"), 421),
        (get("/nowhere"), 404),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"\x16\x03\x01\r\n\r\n", 501),
        (get("/health").replace(b"GET", b"TRACE"), 501),
    ],
)
async def test_a_refusal_is_logged_too(
    live: Live, log: Log, request_bytes: bytes, status: int
) -> None:
    answer = await ask(live.port, request_bytes)
    line = await one(log)
    assert (line["status"], answer.status) == (status, status)
    assert line["request_id"] == answer.fields["x-request-id"]


async def test_a_client_that_leaves_is_logged_as_such(live: Live, log: Log, page: Path) -> None:
    silent = Silent()
    async with service(page, silent):
        _, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(get("/shop/page/"))
        await silent.came.wait()
        writer.transport.abort()
        line = await one(log)
    assert (line["message"], line["status"]) == ("cancelled", access_log.CANCELLED)
    assert line["cause"] == "cancelled"


async def test_a_stream_and_a_tunnel_are_logged_when_they_begin(
    live: Live, log: Log, page: Path
) -> None:
    async with live.listening(), service(page, accept):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
        await eventually(lambda: len(log()) == 2, message="both are logged")
        writer.close()
    assert [(each["target"], each["status"]) for each in log()] == [
        ("/api/events", 200),
        ("/shop/page/ws", 101),
    ]


async def test_an_answer_that_breaks_off_is_logged_with_its_cause(
    live: Live, log: Log, page: Path
) -> None:
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"

    async def breaks(visit: Visit) -> None:
        await visit.head()
        await visit.send(begun)

    async with service(page, breaks):
        with suppress(ConnectionResetError):
            await ask(live.port, get("/shop/page/"))
    line = await one(log)
    assert (line["status"], line["bytes"], line["cause"]) == (200, 2, "broken_upstream")


async def test_the_body_is_counted_as_it_is_sent_and_none_for_head(live: Live, log: Log) -> None:
    await ask(live.port, get("/api/services").replace(b"GET", b"HEAD"))
    assert (await one(log))["bytes"] == 0


async def test_no_line_holds_a_secret_of_ours(live: Live, log: Log, page: Path) -> None:
    target = "/shop/page/?token=SECRET1&c%6fde=SECRET2&state=SECRET3&cursor=1-2"
    given = ("Authorization: Bearer SECRET4", "Cookie: hero=SECRET5", "X-Hero-Claims: SECRET6")
    async with service(page, answers(OK)):
        await ask(live.port, get(target, "localhost", *given))
        await ask(live.port, get(target.replace("/shop/page/", "/"), "localhost", *given))
        await eventually(lambda: len(log()) == 2, message="both are logged")
    assert "SECRET" not in json.dumps(log())
    assert all(line["target"].endswith("&cursor=1-2") for line in log())


HOSTILE = "a\r\n2026-01-01 INFO forged\x1b[2J\x00\u2028\u2029\x85\u202eb\udcff\ud800"


@pytest.mark.parametrize("fmt", ["text", "json"])
def test_nobody_can_forge_a_line_or_steer_a_terminal(fmt: str) -> None:
    stream = io.StringIO()
    logging_setup.setup_access(fmt, stream)
    try:
        request = make_mocked_request("GET", f"/{HOSTILE}?{HOSTILE}")
        fields = CIMultiDict({"User-Agent": HOSTILE, "Host": HOSTILE})
        request._headers = CIMultiDictProxy(fields)
        request[access_log.STARTED] = 0.0
        access_log.write(request, web.Response(status=200))
    finally:
        logging_setup.setup_access("off")
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    assert len(text) < 2_000


@pytest.mark.parametrize("name", ["User-Agent", "Host"])
async def test_what_a_client_says_of_itself_is_bounded(name: str) -> None:
    stream = io.StringIO()
    logging_setup.setup_access("text", stream)
    try:
        request = make_mocked_request("GET", "/" + "x" * 9000, headers={name: "y" * 9000})
        request[access_log.STARTED] = 0.0
        access_log.write(request, None)
    finally:
        logging_setup.setup_access("off")
    assert len(stream.getvalue()) < 3_000


async def test_by_default_there_is_none(redis7: RedisServer, log: Log) -> None:
    async with working(redis7.url) as worker:
        server = worker.runner.server
        assert server is not None
        assert type(server()) is HttpProtocol
        log()
        await ask(worker.port, get("/health"))
        await ask(worker.port, get("/health"))
        assert log() == []
