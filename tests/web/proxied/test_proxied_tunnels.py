"""Upgraded connections through a whole worker: tunnels of bytes."""

import asyncio
import socket
import struct
from contextlib import suppress
from pathlib import Path

import pytest

from hero_router.model import SocketState, Status
from hero_router.proxy.tunnel import Tunnels
from tests.support.hand import NODE, Hand
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import Live, working
from tests.web.raw import parse
from tests.web.upstream import (
    OK,
    UPGRADE,
    Visit,
    accept,
    answers,
    exchanged,
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
        async with asyncio.timeout(PATIENCE_SECONDS):
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


@pytest.mark.parametrize("chosen", [b"Upgrade: other\r\n", b"Upgrade: t, other\r\n", b""])
async def test_a_protocol_that_was_not_asked_for_is_no_answer(
    live: Live, page: Path, chosen: bytes
) -> None:
    head = b"HTTP/1.1 101 Yes\r\nConnection: upgrade\r\n" + chosen + b"\r\n"
    async with service(page, answers(head)):
        raw = await exchanged(live, UPGRADE, until=b"}}")
    assert raw.startswith(b"HTTP/1.1 502 ")


async def test_one_of_several_protocols_may_be_chosen_in_any_case(live: Live, page: Path) -> None:
    head = b"HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: T\r\n\r\n"
    offers = UPGRADE.replace(b"Upgrade: t", b"Upgrade: other, t\r\nUpgrade: third")
    async with service(page, answers(head)):
        raw = await exchanged(live, offers, until=b"\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 101 Yes\r\nUpgrade: T\r\n")


@pytest.mark.parametrize("offer", ["h2c", "H2C, h2", "HTTP/2.0", "TLS/1.0"])
async def test_no_tunnel_carries_requests_past_the_routers_checks(
    live: Live, page: Path, offer: str
) -> None:
    """In HTTP/2 after `Upgrade: h2c` a client could send any `X-Hero-Claims`."""
    heads = list[str]()

    async def script(visit: Visit) -> None:
        heads.append(await visit.head())
        await visit.send(OK)

    fields = f"Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: {offer}\r\nHTTP2-Settings: A"
    request = f"GET /shop/page/ HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n"
    async with service(page, script):
        assert parse(await whole(live, request.encode())).body == b"ok"
    assert not {"upgrade", "connection", "http2-settings"} & {
        line.partition(":")[0].lower() for line in heads[0].split("\r\n")
    }


async def tunnel(live: Live) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(UPGRADE)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


YES = b"HTTP/1.1 101 Yes\r\nUpgrade: t\r\nConnection: upgrade\r\n\r\n"


async def test_a_service_that_ends_its_direction_still_hears_the_client(
    live: Live, page: Path
) -> None:
    heard = asyncio.get_running_loop().create_future()

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(YES, b"last words")
        visit.writer.write_eof()
        heard.set_result(await visit.reader.read())

    async with service(page, script), asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await tunnel(live)
        assert await reader.read() == b"last words"
        writer.write(b"and mine")
        writer.write_eof()
        assert await heard == b"and mine"
        writer.close()


async def test_a_client_that_breaks_off_a_tunnel_ends_it_for_the_service(
    live: Live, page: Path
) -> None:
    ended = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(YES)
        with suppress(ConnectionError):
            await visit.reader.read()
        ended.set()

    async with service(page, script), asyncio.timeout(PATIENCE_SECONDS):
        _, writer = await tunnel(live)
        reset(writer)
        await ended.wait()


async def test_a_service_that_breaks_off_a_tunnel_ends_it_for_the_client(
    live: Live, page: Path
) -> None:
    async def script(visit: Visit) -> None:
        await visit.head()
        await visit.send(YES)
        visit.writer.transport.abort()

    async with service(page, script), asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await tunnel(live)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()


async def test_a_tunnel_waits_for_whoever_does_not_read(live: Live, page: Path) -> None:
    sent = 0

    async def script(visit: Visit) -> None:
        nonlocal sent
        await visit.head()
        await visit.send(YES)
        for _ in range(1024):
            await visit.send(b"x" * 65_536)
            sent += 65_536

    async with service(page, script), asyncio.timeout(PATIENCE_SECONDS):
        reader, writer = await tunnel(live)
        before = -1
        while before != sent or not sent:
            before = sent
            await asyncio.sleep(0.3)
        assert sent < 32 * 2**20
        came = 0
        while data := await reader.read(2**20):
            came += len(data)
        assert came == 2**26
        writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with a reset."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Clock:
    """Seconds as the test says; how often the router has looked at it."""

    def __init__(self) -> None:
        self.now, self.looks = 0.0, 0

    def look(self) -> float:
        """See `Tunnels.now`."""
        self.looks += 1
        return self.now

    async def pass_time(self, seconds: float) -> None:
        """Time goes on, and the router has looked which tunnels carry nothing."""
        self.now += seconds
        seen = self.looks
        await eventually(lambda: self.looks > seen, message="the router looks at its tunnels")


async def test_a_tunnel_that_carries_nothing_is_closed_and_a_used_one_is_not(
    redis7: RedisServer, hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(Tunnels, "now", lambda _: clock.look())
    sockets = (SocketState("web_page", "web_page", "shop/web_page.sock", Status.HEALTHY),)
    where = {"node": NODE, "socket_dir": str(tmp_path)}
    async with (
        working(redis7.url, proxy_idle_seconds=1, **where) as live,
        service(tmp_path / "shop/web_page.sock", accept),
    ):
        await live.reaches(await hand.write(put("shop", node=NODE, sockets=sockets)))
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(UPGRADE)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(4):
                writer.write(b"a")
                assert await reader.readexactly(1) == b"a"
                await clock.pass_time(0.9)
            clock.now += 0.2
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
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await reader.read() == b""
        writer.close()
