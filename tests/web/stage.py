"""The stream's route on a real server, over a feed that the test moves by hand, and raw clients."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from hero_router.feed.feed import Feed
from hero_router.sse import Message, Parser
from hero_router.web import events
from hero_router.web.connection import Connections
from hero_router.web.middleware import add_headers, guard
from tests.feed.world import events as numbered
from tests.feed.world import position
from tests.support.wait import eventually
from tests.web.world import World


class Stage:
    """A real server with the stream's route, and raw clients."""

    def __init__(self, feed: Feed, connections: Connections, runner: web.AppRunner) -> None:
        self.feed, self.hub, self.connections, self.runner = feed, feed.hub, connections, runner
        self.port = 0
        self.clients = list[Raw]()

    async def connect(
        self,
        target: str = "/api/events",
        version: str = "1.1",
        tls: ssl.SSLContext | None = None,
    ) -> "Raw":
        """Ask for a stream, and read its head and hello."""
        ends = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22, ssl=tls)
        raw = Raw(*ends)
        self.clients.append(raw)
        raw.send(f"GET {target} HTTP/{version}\r\nHost: 127.0.0.1\r\n\r\n".encode())
        raw.head = (await raw.reader.readuntil(b"\r\n\r\n")).decode()
        return raw

    def publish(self, first: int, last: int, pad: int = 0) -> None:
        """The numbered events are published."""
        for seq in range(first, last + 1):
            self.hub.publish(numbered(seq, seq, pad=pad))

    async def left(self, number: int) -> None:
        """Wait until so many clients are known, to the hub and to the connections."""
        await eventually(lambda: len(self.hub.clients) == number, 5, f"{number} clients are left")


class Raw:
    """One client's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.head = reader, writer, ""
        self._parser = Parser()
        self.chunked = True

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)

    def reset(self) -> None:
        """End the connection with a reset."""
        linger = b"\1\0\0\0\0\0\0\0"
        own = self.writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.close()

    async def chunk(self) -> bytes:
        """The next chunk's data; b"" at the clean end."""
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def messages(self, number: int) -> list[Message]:
        """At least so many messages."""
        found = list[Message]()
        async with asyncio.timeout(5):
            while len(found) < number:
                data = await self.chunk() if self.chunked else await self.reader.read(65_536)
                assert data, "the stream ended"
                found += self._parser.feed(data)
        return found


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """The route over a feed that the test moves by hand."""
    feed, connections = World().feed, Connections()
    feed.hub.reload(numbered(1, 5), position(5), "r1")
    app = web.Application(middlewares=[guard])
    app.add_routes(events.routes(feed.hub, connections))
    app.on_response_prepare.append(add_headers)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made = Stage(feed, connections, runner)
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        for raw in made.clients:
            raw.writer.close()
        feed.hub.close()
        await connections.gone(2)
        await runner.cleanup()
