"""Asking a router over HTTP: whatever is at the address, an error is one clear line."""

import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hero_router.client.http import Answer, RequestRefused, RouterAway, call, fetch, get
from tests.support.certificates import Certificate, certificate


class Somebody:
    """Whatever listens there: it gives one answer to everything."""

    status = 200
    body: str | bytes = "{}"
    kind = "application/json"

    async def answer(self, _: web.Request) -> web.Response:
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return web.Response(status=self.status, body=body, content_type=self.kind)


@pytest.fixture
def somebody() -> Somebody:
    return Somebody()


@pytest.fixture
async def url(somebody: Somebody) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.route("*", "/{path:.*}", somebody.answer)])
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


async def refusal(asking: Any) -> str:
    with pytest.raises(RouterAway) as refused:
        await asking
    told = str(refused.value)
    assert told.isprintable()
    return told


async def test_fetch_and_call_return_the_routers_values(somebody: Somebody, url: str) -> None:
    somebody.body = '{"services": [1], "stale": []}'
    assert await fetch(url, "/api/services", "services") == {"services": [1], "stale": []}
    somebody.body = '{"jsonrpc": "2.0", "id": 1, "result": 5}'
    assert await call(url, "router.scan", {}) == 5


async def test_a_refusal_has_status_and_details_for_programs(somebody: Somebody, url: str) -> None:
    somebody.status, somebody.body = 400, '{"error": {"message": "no", "candidates": ["a", "b"]}}'
    assert await get(url, "/") == Answer(
        400, {"error": {"message": "no", "candidates": ["a", "b"]}}
    )
    with pytest.raises(RequestRefused) as refused:
        await fetch(url, "/")
    assert (refused.value.status, refused.value.details["candidates"]) == (400, ["a", "b"])


async def test_a_routers_own_refusal_is_in_its_words(somebody: Somebody, url: str) -> None:
    somebody.status = 503
    somebody.body = '{"error": {"code": "not_ready", "message": "Redis cannot be reached"}}'
    assert await refusal(fetch(url, "/")) == f"{url} answers 503: Redis cannot be reached"
    somebody.status = 200
    somebody.body = '{"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no scanner"}}'
    assert await refusal(call(url, "router.scan", {})) == f"{url} answers: no scanner"


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize(
    "body",
    ["", "[]", "5", "null", "{", '{"error": 5}', '{"error": {"message": ["\\u001b[2J"]}}', b"\xff"],
)
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
async def test_a_program_that_is_no_router_is_an_error(
    somebody: Somebody, url: str, status: int, body: str | bytes, kind: str
) -> None:
    somebody.status, somebody.body, somebody.kind = status, body, kind
    assert url in await refusal(fetch(url, "/api/services", "services"))
    assert url in await refusal(call(url, "router.scan", {}))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[", "nonsense", "ftp://x", ""])
async def test_an_address_without_a_listener_is_an_error(url: str) -> None:
    assert (await refusal(fetch(url, "/"))).startswith(f"no router answers at {url}: ")


async def test_a_router_that_never_answers_is_not_waited_for_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        refused = await refusal(fetch(url, "/", within=0.1))
        assert refused == f"{url} gives no answer within 0.1 s"


@pytest.fixture
async def tls(somebody: Somebody, tmp_path: Path) -> AsyncIterator[tuple[str, Certificate]]:
    """A router behind TLS whose certificate no system knows."""
    made = certificate(tmp_path, "router")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.file, made.key)
    app = web.Application()
    app.add_routes([web.get("/", somebody.answer)])
    server = TestServer(app)
    await server.start_server(ssl=context)
    try:
        yield f"https://127.0.0.1:{server.port}", made
    finally:
        await server.close()


async def test_a_certificate_that_no_system_knows_is_refused_in_words(
    tls: tuple[str, Certificate],
) -> None:
    refused = await refusal(fetch(tls[0], "/"))
    assert refused == (
        f"no router answers at {tls[0]}: its certificate is refused: self-signed certificate; "
        "SSL_CERT_FILE may name a file of other CAs"
    )


async def test_http_where_tls_is_expected_is_refused_in_words(url: str) -> None:
    address = url.replace("http:", "https:")
    told = "it does not speak TLS as it should"
    assert await refusal(fetch(address, "/")) == f"no router answers at {address}: {told}"
