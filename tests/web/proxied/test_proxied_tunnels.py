"""Upgraded connections through a whole worker: tunnels of bytes."""

import asyncio
from contextlib import suppress
from pathlib import Path

from hero_router.model import SocketState, Status
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.web.live import Live, working
from tests.web.raw import parse
from tests.web.upstream import (
    OK,
    UPGRADE,
    Visit,
    accept,
    answers,
    service,
    whole,
)


async def test_an_upgrade_is_a_tunnel_both_ways(live: Live, page: Path) -> None:
    async def script(visit: Visit) -> None:
        head = await visit.head()
        assert "Upgrade: websocket" in head
        assert "Connection: upgrade" in head
        assert "Sec-WebSocket-Key: k" in head
        await visit.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: a\r\n\r\nfirst"
        )
        while data := await visit.reader.read(100):
            await visit.send(data.upper())
        await visit.send(b"bye")

    request = (
        b"GET /shop/page/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n"
    )
    async with service(page, script):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(request + b"early")
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            assert b"Sec-WebSocket-Accept: a\r\n" in head
            assert await reader.readexactly(10) == b"firstEARLY"
            writer.write(b"abc")
            assert await reader.readexactly(3) == b"ABC"
            writer.write_eof()
            assert await reader.read() == b"bye"
        writer.close()


async def test_a_refused_upgrade_is_an_answer(live: Live, page: Path) -> None:
    request = (
        b"GET /shop/page/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n"
        b"Upgrade: websocket\r\n\r\n"
    )
    async with service(page, answers(OK)):
        assert parse(await whole(live, request)).body == b"ok"


async def test_a_tunnel_that_carries_nothing_is_closed_and_a_used_one_is_not(
    redis7: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    where = {"node": NODE, "socket_dir": str(tmp_path)}
    async with (
        working(redis7.url, proxy_idle_seconds=1, **where) as live,
        service(tmp_path / "shop/web_page.sock", accept),
    ):
        await live.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(UPGRADE)
        async with asyncio.timeout(10):
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(8):
                writer.write(b"a")
                assert await reader.readexactly(1) == b"a"
                await asyncio.sleep(0.2)
            with suppress(ConnectionResetError):
                assert await reader.read() == b""
        writer.close()


async def test_a_worker_that_ends_closes_its_tunnels(
    redis7: RedisServer, hand: Hand, tmp_path: Path
) -> None:
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    where = {"node": NODE, "socket_dir": str(tmp_path)}
    async with service(tmp_path / "shop/web_page.sock", accept):
        async with working(redis7.url, **where) as live:
            await live.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
            reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
            writer.write(UPGRADE)
            await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
