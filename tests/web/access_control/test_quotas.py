"""A client address that opens too much is asked to come back later, and hurts no other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hero_router.model import SocketState, Status
from tests.support.hand import NODE, Hand, writing
from tests.support.records import put
from tests.support.redis import RedisServer
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.live import WINDOW, Live, working
from tests.web.upstream import Visit, service

MANY, FEW = "192.0.2.1", "192.0.2.2"
UPGRADE = "Connection: upgrade\r\nUpgrade: echo\r\n"


@pytest.fixture
async def live(redis7: RedisServer, tmp_path: Path) -> AsyncIterator[Live]:
    """A worker that keeps two streams and passes on two calls for each address."""
    sockets = (SocketState("web_page", "web_page", "a/web_page.sock", Status.HEALTHY),)
    async with (
        writing(redis7.url, WINDOW) as hand,
        working(
            redis7.url,
            node=NODE,
            socket_dir=str(tmp_path),
            streams_per_address=2,
            calls_per_address=2,
        ) as worker,
    ):
        await begin(worker, hand, sockets)
        yield worker


async def begin(worker: Live, hand: Hand, sockets: tuple[SocketState, ...]) -> None:
    await worker.reaches(await hand.write(put("a", node=NODE, sockets=sockets)))


class Client:
    """One connection behind a proxy on this machine, which names the client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def ask(cls, live: Live, path: str, address: str, fields: str = "") -> "Client":
        made = cls(*await asyncio.open_connection("127.0.0.1", live.port))
        made.writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {address}\r\n"
            f"{fields}\r\n".encode()
        )
        return made

    async def head(self) -> str:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    def close(self) -> None:
        self.writer.transport.abort()


async def test_one_stream_too_many_is_a_stream_that_ends_and_names_a_later_time(
    live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    """After an error a browser would never come back."""
    with contextlib.ExitStack() as stack:

        async def ask(address: str) -> Client:
            client = await Client.ask(live, "/events", address)
            stack.callback(client.close)
            assert " 200 " in await client.head()
            return client

        first, second = await ask(MANY), await ask(MANY)
        for client in (first, second):
            assert b"event: hello" in await client.reader.readuntil(b"event: hello")
        refused = await ask(MANY)
        async with asyncio.timeout(PATIENCE_SECONDS):
            text = (await refused.reader.read()).decode()
        retry_ms = int(text.split("retry: ")[1].split("\n")[0])
        assert 30_000 <= retry_ms <= 60_000
        assert "hello" not in text
        assert f"refused an event stream of the client {MANY}: too many" in caplog.text
        other = await ask(FEW)
        assert await other.reader.readuntil(b"event: hello")
        first.close()

        async def fits() -> bool:
            again = await ask(MANY)
            begins = await again.reader.readuntil(b"\n\n")
            return b"hello" in begins

        await eventually(fits, message="there is room again")


async def test_calls_and_tunnels_count_together_until_their_end(live: Live, tmp_path: Path) -> None:
    async def script(visit: Visit) -> None:
        if "Upgrade: echo" in await visit.head():
            await visit.send(b"HTTP/1.1 101 Switching Protocols\r\n", UPGRADE.encode(), b"\r\n")
        else:
            await visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        await visit.reader.read()

    async with service(tmp_path / "a/web_page.sock", script):
        with contextlib.ExitStack() as stack:

            async def ask(address: str, fields: str = "") -> tuple[Client, str]:
                client = await Client.ask(live, "/a/page/", address, fields)
                stack.callback(client.close)
                return client, await client.head()

            tunnel, head = await ask(MANY, UPGRADE)
            assert " 101 " in head
            call, head = await ask(MANY)
            assert " 200 " in head
            for fields in ("", UPGRADE):
                _, head = await ask(MANY, fields)
                assert " 503 " in head
                assert "Retry-After: " in head
            assert " 200 " in (await ask(FEW))[1]
            for ended in (tunnel, call):
                ended.close()

                async def fits() -> bool:
                    return " 200 " in (await ask(MANY))[1]

                await eventually(fits, message="there is room again")
    await eventually(lambda: live.parts.proxy.quota.open == 0, message="nothing is open")
