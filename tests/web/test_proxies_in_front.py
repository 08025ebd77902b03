"""Real proxies in front of a whole worker: what a service behind both is told of the client."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hero_router.model import SocketState, Status
from tests.support.hand import NODE, writing
from tests.support.ports import free_port
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import WINDOW, Live, working
from tests.web.nginx import PATHS, nginx_command
from tests.web.raw import ask, get, parse

HAPROXY = shutil.which("haproxy", path=PATHS) or "haproxy"


@pytest.fixture
async def live(redis7: RedisServer, tmp_path: Path) -> AsyncIterator[Live]:
    """A worker that trusts this machine's proxies, and a service that tells what it was told."""

    async def echo(request: web.Request) -> web.StreamResponse:
        if request.path == "/ws":
            connection = web.WebSocketResponse()
            await connection.prepare(request)
            async for message in connection:
                await connection.send_bytes(message.data)
            return connection
        await request.read()
        return web.json_response({name.lower(): value for name, value in request.headers.items()})

    (tmp_path / "shop").mkdir()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, tmp_path / "shop/web_page.sock").start()
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    settings = {"socket_dir": str(tmp_path), "trusted_proxies": "127.0.0.1",
                "domain": "router.example"}  # fmt: skip
    async with (
        writing(redis7.url, WINDOW) as hand,
        working(redis7.url, node=NODE, **settings) as worker,
    ):
        await worker.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        yield worker
    await runner.cleanup()


@asynccontextmanager
async def running(*command: str | Path, port: int) -> AsyncIterator[int]:
    """A proxy, meanwhile; its port."""
    process = await asyncio.create_subprocess_exec(*command)

    async def answers() -> bool:
        try:
            return (await ask(port, get("/health", "localhost"))).status == 200
        except (OSError, AssertionError):
            return False

    try:
        await eventually(answers, message="the proxy answers")
        yield port
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
async def nginx(tmp_path: Path, live: Live) -> AsyncIterator[int]:
    """nginx as most people write it; as if TLS ended there, with a client at 203.0.113.9."""
    port = free_port()
    command = nginx_command(
        tmp_path,
        f"""
          proxy_temp_path {tmp_path}/temp;
          map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
          server {{
            listen 127.0.0.1:{port};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Real-IP 203.0.113.9;
            proxy_set_header X-Forwarded-For "$http_x_forwarded_for, 203.0.113.9";
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-User alice;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            location / {{ proxy_pass http://127.0.0.1:{live.port}; }}
            location /apps/ {{
              proxy_set_header Host $http_host;
              proxy_set_header X-Forwarded-Prefix /apps;
              proxy_set_header X-Forwarded-For $remote_addr;
              proxy_pass http://127.0.0.1:{live.port}/;
            }}
          }}
        """,
    )
    async with running(*command, port=port) as started:
        yield started


async def test_behind_nginx_a_service_learns_client_scheme_host_and_user(nginx: int) -> None:
    """By host name and by path; what the client wrote itself is gone."""
    lies = ("X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: http", "X_Forwarded_User: root",
            "Forwarded: for=6.6.6.6", "X-Real-IP: 6.6.6.6")  # fmt: skip
    for host, path in (("shop.router.example", "/"), ("router.example", "/shop/page/")):
        answer = await ask(nginx, get(path, host, *lies))
        told = json.loads(answer.body)
        assert told["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
        assert told["x-real-ip"] == "203.0.113.9"
        assert told["x-forwarded-proto"] == "https"
        assert told["x-forwarded-host"] == told["host"] == host
        assert told["x-forwarded-user"] == "alice"
        assert "x_forwarded_user" not in told
        assert b"6.6.6.6" not in answer.body


async def test_below_a_prefix_of_nginx_redirects_and_the_told_prefix_are_whole(nginx: int) -> None:
    answer = await ask(nginx, get("/apps/shop/page", "router.example"))
    assert (answer.status, answer.fields["location"]) == (308, "/apps/shop/page/")
    told = json.loads((await ask(nginx, get("/apps/shop/page/x", "router.example"))).body)
    assert told["x-forwarded-prefix"] == "/apps/shop/page"
    assert told["x-forwarded-for"] == "127.0.0.1, 127.0.0.1"


async def test_a_websocket_passes_nginx_and_the_router(nginx: int) -> None:
    host = {"Host": "shop.router.example", "Origin": "https://shop.router.example"}
    async with (
        aiohttp.ClientSession(headers=host) as session,
        session.ws_connect(f"http://127.0.0.1:{nginx}/ws") as connection,
    ):
        await connection.send_bytes(b"x" * 100_000)
        assert await connection.receive_bytes(timeout=PATIENCE_SECONDS) == b"x" * 100_000


async def test_behind_haproxy_no_client_gets_a_trailer_of_another(
    live: Live, tmp_path: Path
) -> None:
    """HAProxy sends the requests of all clients over the same connections."""
    port = free_port()
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(
        f"""
global
  maxconn 100
defaults
  mode http
  http-reuse always
  timeout connect 60s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:{port}
  default_backend router
backend router
  server one 127.0.0.1:{live.port} maxconn 1
"""
    )
    evil = (
        b"POST /shop/page/ HTTP/1.1\r\nHost: router.example\r\nTransfer-Encoding: chunked\r\n"
        b"Trailer: Cookie\r\n\r\n3\r\nabc\r\n0\r\nX-A: 1\r\nX-Evil: evil\r\n\r\n"
    )
    async with running(HAPROXY, "-f", configuration, port=port), asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(5):
            writer.write(evil)
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            answer = await ask(port, get("/shop/page/", "router.example"))
            assert answer.status == 200
            assert b"evil" not in answer.body
        writer.close()
    assert parse(answer.raw).status == 200
