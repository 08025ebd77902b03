"""Real servers behind a whole worker: nginx with ranges, a WebSocket echo, and an event source."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hero_router.model import SocketState, Status
from tests.support.hand import NODE, writing
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import WINDOW, Live, working
from tests.web.nginx import nginx_command

BIG = os.urandom(1024) * 8192
EVENTS = 5


@pytest.fixture
async def live(redis7: RedisServer, tmp_path: Path) -> AsyncIterator[Live]:
    """A worker that knows the service `shop`, which has one page."""
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    (tmp_path / "shop").mkdir()
    async with (
        writing(redis7.url, WINDOW) as hand,
        working(redis7.url, node=NODE, socket_dir=str(tmp_path)) as worker,
    ):
        await worker.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        yield worker


@pytest.fixture
async def nginx(tmp_path: Path, live: Live) -> AsyncIterator[None]:
    """nginx on the page's socket, with one large file that it packs on request."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "big").write_bytes(BIG)
    (folder / "a.txt").write_text("word " * 1000)
    command = nginx_command(
        tmp_path,
        f"""
          gzip on; gzip_types text/plain; gzip_proxied any; client_max_body_size 64m;
          server {{
            listen unix:{tmp_path}/shop/web_page.sock;
            root {folder};
            location = /moved {{ return 302 /a.txt; }}
          }}
        """,
    )
    process = await asyncio.create_subprocess_exec(*command)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.usefixtures("nginx")
async def test_nginx_serves_files_ranges_and_packed_text_through_the_router(live: Live) -> None:
    url = f"{live.url}/shop/page"
    plain = {"Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(auto_decompress=False, headers=plain) as session:

        async def answers() -> bool:
            async with session.get(f"{url}/a.txt") as answer:
                return answer.status == 200

        await eventually(answers, message="nginx answers")
        async with session.get(f"{url}/big") as answer:
            assert await answer.read() == BIG
        async with session.get(f"{url}/big", headers={"Range": "bytes=1000-1999"}) as answer:
            assert (answer.status, await answer.read()) == (206, BIG[1000:2000])
        async with session.get(f"{url}/a.txt", headers={"Accept-Encoding": "gzip"}) as answer:
            packed = await answer.read()
            assert (answer.headers["Content-Encoding"], packed[:2]) == ("gzip", b"\x1f\x8b")
            tag = answer.headers["ETag"]
        async with session.get(f"{url}/a.txt", headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        async with session.head(f"{url}/big") as answer:
            assert answer.headers["Content-Length"] == str(len(BIG))
        async with session.get(f"{url}/moved") as answer:
            assert (answer.status, answer.url.path) == (200, "/shop/page/a.txt")
        async with session.put(f"{url}/big", data=io.BytesIO(BIG)) as answer:
            assert answer.status == 405


@pytest.fixture
def heard() -> asyncio.Semaphore:
    """How many events the client has read that the source has not answered with the next one."""
    return asyncio.Semaphore(1)


@pytest.fixture
async def page(tmp_path: Path, live: Live, heard: asyncio.Semaphore) -> AsyncIterator[None]:
    """An aiohttp application on the page's socket: uploads, a WebSocket echo, an event source."""

    async def upload(request: web.Request) -> web.Response:
        size = 0
        async for data in request.content.iter_any():
            size += len(data)
        return web.json_response(size)

    async def echo(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(max_msg_size=2 * len(BIG))
        await connection.prepare(request)
        async for message in connection:
            await connection.send_bytes(message.data)
        return connection

    async def events(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number in range(EVENTS):
            await heard.acquire()
            await response.write(b"id: %d\ndata: x\n\n" % number)
        return response

    app = web.Application()
    app.add_routes([web.put("/up", upload), web.get("/ws", echo), web.get("/events", events)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, tmp_path / "shop/web_page.sock").start()
    yield
    await runner.cleanup()


@pytest.mark.usefixtures("page")
async def test_a_large_upload_arrives_whole_whatever_its_framing(live: Live) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(BIG), 100_000):
            yield BIG[start : start + 100_000]

    async with aiohttp.ClientSession() as session:
        for body in (io.BytesIO(BIG), pieces()):
            async with session.put(f"{live.url}/shop/page/up", data=body) as answer:
                assert (answer.status, await answer.json()) == (200, len(BIG))


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("address", ["/shop/page/ws", "/ws"])
async def test_a_websocket_carries_messages_of_any_size_both_ways(live: Live, address: str) -> None:
    host = {"Host": "shop.localhost"} if address == "/ws" else {}
    async with (
        aiohttp.ClientSession(headers=host) as session,
        session.ws_connect(f"{live.url}{address}", max_msg_size=2 * len(BIG)) as connection,
    ):
        for size in (0, 1, 70_000, len(BIG)):
            await connection.send_bytes(BIG[:size])
            assert await connection.receive_bytes(timeout=PATIENCE_SECONDS) == BIG[:size]
        await connection.close()
    await eventually(lambda: connection.close_code == 1000, message="it closes cleanly")


@pytest.mark.usefixtures("page")
async def test_an_event_source_is_passed_on_as_it_comes(
    live: Live, heard: asyncio.Semaphore
) -> None:
    """The source sends each event once the client has read the one before."""
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        aiohttp.ClientSession() as session,
        session.get(f"{live.url}/shop/page/events") as answer,
    ):
        for number in range(EVENTS):
            assert await answer.content.readuntil(b"\n\n") == b"id: %d\ndata: x\n\n" % number
            heard.release()
        assert await answer.content.read() == b""
