"""The stream's route on a real server, over a feed that the test moves by hand, and raw clients."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from hero_router.access.concurrency_limits import ConcurrencyLimit, Limits
from hero_router.feed.feed import Feed
from hero_router.sse import Message, Parser
from hero_router.web.middleware import add_headers, admitting, guard
from hero_router.web.route_groups import VIEWERS, add_routes
from hero_router.web.routes import events
from hero_router.web.stream_connection import Connections
from tests.feed.world import events as numbered
from tests.feed.world import position
from tests.support.wait import PATIENCE_SECONDS, eventually
from tests.web.world import World


class Stage:
    """A real server with the stream's route, and raw clients."""

    def __init__(self, feed: Feed, connections: Connections, runner: web.AppRunner) -> None:
        self.feed, self.hub, self.connections, self.runner = feed, feed.hub, connections, runner
        self.port = 0
        self.clients = list[Raw]()
        self.once_large: Callable[[], None] = lambda: None

    async def open(
        self, tls: ssl.SSLContext | None = None, receive_bytes: int | None = None
    ) -> "Raw":
        """Connect; `receive_bytes` is the client's receive buffer, the kernel's own by default."""
        own = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_bytes is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        own.setblocking(False)
        await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", self.port))
        name = None if tls is None else "127.0.0.1"
        ends = await asyncio.open_connection(sock=own, limit=2**22, ssl=tls, server_hostname=name)
        raw = Raw(*ends)
        self.clients.append(raw)
        return raw

    async def connect(
        self,
        target: str = "/api/events",
        version: str = "1.1",
        tls: ssl.SSLContext | None = None,
        receive_bytes: int | None = None,
        fields: str = "",
    ) -> "Raw":
        """Ask for a stream, with more header fields; read its head."""
        raw = await self.open(tls, receive_bytes)
        raw.send(f"GET {target} HTTP/{version}\r\nHost: 127.0.0.1\r\n{fields}\r\n".encode())
        raw.head = (await raw.reader.readuntil(b"\r\n\r\n")).decode()
        return raw

    def publish(self, first: int, last: int, pad: int = 0) -> None:
        """The numbered events are published."""
        for seq in range(first, last + 1):
            self.hub.publish(numbered(seq, seq, pad=pad))

    async def left(self, number: int) -> None:
        """Wait until so many clients are known, to the hub and to the connections."""
        await eventually(
            lambda: len(self.hub.subscribers) == number, 30, f"{number} clients are left"
        )


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
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(found) < number:
                data = await self.chunk() if self.chunked else await self.reader.read(65_536)
                assert data, "the stream ended"
                found += self._parser.feed(data)
        return found


LARGE_BYTES = 60_000


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """The route over a feed that the test moves by hand."""
    world, connections = World(), Connections(ConcurrencyLimit(Limits(0, 0)))
    feed = world.feed
    feed.hub.reload(numbered(1, 5), position(5), "r1")
    app = web.Application(middlewares=[guard, admitting(world.parts.access.access_control)])
    add_routes(app, VIEWERS, events.routes(feed.hub, connections))

    async def large(request: web.Request) -> web.StreamResponse:
        """More than small buffers of the kernel take, and so little that aiohttp does not wait."""
        response = web.StreamResponse(headers={"Content-Length": str(LARGE_BYTES)})
        await response.prepare(request)
        await response.write(b"x" * LARGE_BYTES)
        made.once_large()
        return response

    add_routes(app, VIEWERS, [web.get("/large", large)])
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
        await connections.wait_closed(2)
        await runner.cleanup()
