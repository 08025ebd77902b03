"""The front door of a whole worker: who is let in by which name, and how others are refused."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from hero_router.web.body import MAX_BYTES
from hero_router.web.route_groups import HEADERS
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import Live, working
from tests.web.raw import ask, get, parse, post

JSON = "Content-Type: application/json"
CALL = b'{"jsonrpc":"2.0","id":1,"method":"router.health"}'
SIZE = f"Content-Length: {len(CALL)}"

ROUTES = ("/", "/static/x/js/main.js", "/api/services", "/api/services/x", "/api/events", "/events",
          "/api/clients", "/metrics", "/health", "/ready", "/openrpc.json", "/rpc", "/no/such/page",
          "/.well-known/heroservice.json")  # fmt: skip


@pytest.fixture
async def live(redis7: RedisServer) -> AsyncIterator[Live]:
    """A worker with one name of its own."""
    async with working(redis7.url, allowed_hosts="router.example.org") as worker:
        yield worker


@pytest.mark.parametrize("path", ROUTES)
async def test_a_strangers_name_is_refused_before_every_route(live: Live, path: str) -> None:
    answer = await ask(live.port, get(path, "evil.com:9988"))
    assert (answer.status, answer.error["code"]) == (421, "wrong_host")
    assert "evil.com" in answer.error["message"]
    assert "ROUTER_ALLOWED_HOSTS" in answer.error["message"]


@pytest.mark.parametrize("path", ROUTES)
async def test_a_strangers_page_is_refused_before_every_route(live: Live, path: str) -> None:
    answer = await ask(live.port, get(path, "localhost", "Origin: http://evil.com"))
    assert (answer.status, answer.error["code"]) == (403, "wrong_origin")
    assert "http://evil.com" in answer.error["message"]


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:9", "router.example.org"])
async def test_our_own_names_are_let_in(live: Live, host: str) -> None:
    answer = await ask(live.port, get("/health", host, f"Origin: http://{host}"))
    assert answer.status == 200


async def test_a_call_for_a_strangers_page_does_nothing(live: Live) -> None:
    for fields in (("Origin: http://evil.com",), ("Origin: null",)):
        answer = await ask(live.port, post(JSON, SIZE, *fields, body=CALL))
        assert answer.status == 403
    assert (await ask(live.port, post(JSON, SIZE, body=CALL))).status == 200


async def test_a_target_in_absolute_form_cannot_name_another_host(live: Live) -> None:
    for target, host, status in (
        ("http://evil.com/health", "localhost", 400),
        ("http://localhost/health", "evil.com", 400),
        ("http://evil.com/health", "evil.com", 421),
        ("http://me:pw@localhost/health", "localhost", 400),
        ("http://localhost/health", "localhost", 200),
        ("HTTP://localhost:1/health", "localhost:1", 200),
    ):
        assert (await ask(live.port, get(target, host))).status == status, target


async def test_only_http_1_0_does_without_a_host(live: Live) -> None:
    assert (await ask(live.port, b"GET /health HTTP/1.0\r\n\r\n")).status == 200
    for request in (b"GET /health HTTP/1.1\r\n\r\n", get(host=""), get(host="a b")):
        assert (await ask(live.port, request)).status == 400


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (get(version="0.9"), 505),
        (b"GET /\r\n\r\n", 505),
        (get(version="2.0"), 505),
        (get(version="1.2"), 505),
        (get(version="3.0"), 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", 501),
        (b"TRACE /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
        (b"SECRET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"OPTIONS /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
        (b"DELETE /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03SECRET", 501),
        (b"SECRET SECRET SECRET\r\n\r\n", 501),
        (get("/" + "SECRET" * 2000), 414),
        (get("/health", "localhost", *(f"X-{i}: SECRET" for i in range(200))), 431),
        (get("/health", "localhost", "X: " + "SECRET" * 1500), 431),
        (get("/health", "localhost", "X: " + "SECRET" * 3000), 431),
        (get("/health", "localhost", "Host: localhost"), 400),
        (get("/health", "localhost", "X: SECRET\0"), 400),
        (get("/health", "localhost", "X : SECRET"), 400),
        (get("/health", "localhost", "X: 1", " SECRET"), 400),
        (get("/health").replace(b"\r\n", b"\n"), 400),
        (get("SECRET"), 400),
        (get("/\udcffSECRET"), 400),
        (get("http://[SECRET/"), 400),
        (get("/health", "localhost", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
        (get("/health", "localhost", "Content-Length: 1", "Content-Length: 2"), 400),
        (get("/health", "localhost", "Content-Length: +4"), 400),
        (get("/health", "localhost", "Transfer-Encoding: xchunked"), 400),
        (post("Transfer-Encoding: chunked", JSON, body=b"SECRET\r\n"), 400),
    ],
)  # fmt: skip
async def test_what_no_route_could_answer_is_refused_in_our_words(
    live: Live, caplog: pytest.LogCaptureFixture, request_: bytes, status: int
) -> None:
    """Nothing of what was sent is repeated, nothing names the software, and nothing is logged as
    an error of ours."""
    caplog.clear()
    answer = await ask(live.port, request_)
    assert answer.status == status
    assert answer.error["code"]
    assert b"SECRET" not in answer.raw
    assert "server" not in answer.fields
    for name, value in HEADERS.items():
        assert answer.fields[name.lower()] == value
    assert [item for item in caplog.records if item.levelno > 20] == []
    assert "SECRET" not in caplog.text


async def test_a_refusal_names_the_methods_that_are_taken(live: Live) -> None:
    answer = await ask(live.port, b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.fields["allow"] == "GET,HEAD,POST"


EXPECT = "Expect: 100-continue"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (post(EXPECT, SIZE, "Content-Type: text/plain"), 415),
        (post(EXPECT, SIZE, JSON, "Content-Encoding: gzip"), 415),
        (post(EXPECT, JSON, f"Content-Length: {MAX_BYTES + 1}"), 413),
        (post(EXPECT, JSON, SIZE, path="/nowhere"), 404),
        (post(EXPECT, JSON, SIZE, path="/health"), 405),
        (post(EXPECT, JSON, SIZE, "Origin: http://evil.com"), 403),
        (post(EXPECT, JSON, SIZE).replace(b"localhost", b"evil.com"), 421),
        (post("Expect: 200-ok", JSON, SIZE), 417),
        (post(EXPECT, EXPECT, JSON, SIZE), 417),
    ],
)
async def test_a_client_that_waits_to_send_a_body_is_refused_before_it_sends_it(
    live: Live, request_: bytes, status: int
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(request_)
    async with asyncio.timeout(PATIENCE_SECONDS):
        answer = parse(await reader.readuntil(b"\r\n\r\n"))
    writer.close()
    assert answer.status == status


async def test_a_client_that_waits_to_send_a_wanted_body_gets_a_100(live: Live) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(post(EXPECT, JSON, SIZE))
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(CALL)
        answer = parse(await reader.read())
    writer.close()
    assert answer.status == 200
    assert b'"ready"' in answer.body


async def test_nothing_is_unpacked(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    """Not even to be read over."""
    answer = await ask(live.port, post(SIZE, "Content-Encoding: gzip", body=CALL, path="/nowhere"))
    assert answer.status == 404
    assert "malformed" not in caplog.text
    for coding in ("gzip", "deflate", "br", "zstd", "x", "identity, gzip"):
        answer = await ask(live.port, post(JSON, SIZE, f"Content-Encoding: {coding}", body=CALL))
        assert (answer.status, answer.error["code"]) == (415, "unsupported_media_type")
    answer = await ask(live.port, post(JSON, SIZE, "Content-Encoding: identity", body=CALL))
    assert answer.status == 200


async def test_thousands_of_pipelined_requests_are_answered_one_by_one(live: Live) -> None:
    many = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000
    answer = await ask(live.port, many + get("/nowhere"))
    assert answer.raw.count(b"HTTP/1.1 200 OK") == 1000
    assert answer.raw.rindex(b" 200 OK") < answer.raw.index(b" 404 ")


@pytest.mark.parametrize("name", ["a", "Trace-1.2_3", "7F000001:BFEE_5F5E1000=+@", "x" * 128])
async def test_a_trusted_caller_may_name_its_request(live: Live, name: str) -> None:
    """A caller on this machine is trusted."""
    answer = await ask(live.port, get("/nowhere", "localhost", f"X-Request-Id: {name}"))
    assert answer.fields["x-request-id"] == answer.error["request_id"] == name


@pytest.mark.parametrize("name", ["", "x" * 129, "a b", "a/b", "caf\xe9", "a, b"])
async def test_a_name_that_is_not_sane_is_replaced(live: Live, name: str) -> None:
    answer = await ask(live.port, get("/health", "localhost", f"X-Request-Id: {name}"))
    assert re.fullmatch("[0-9a-f]{16}", answer.fields["x-request-id"])


async def test_a_stranger_does_not_name_its_request(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hero_router.settings.trusted_proxies.LOOPBACK", ())
    answer = await ask(live.port, get("/health", "localhost", "X-Request-Id: mine"))
    assert answer.fields["x-request-id"] != "mine"
