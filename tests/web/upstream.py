"""Services for the tests of the reverse proxy, scripted byte by byte, on real Unix sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.wait import PATIENCE_SECONDS
from tests.web.live import Live
from tests.web.raw import ask

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Script = Callable[["Visit"], Awaitable[None]]


@dataclass
class Visit:
    """One connection to a service."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self) -> str:
        """The next request's head."""
        return (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")

    async def send(self, *parts: bytes) -> None:
        """Send each part by itself."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()


@dataclass
class Service:
    """A scripted service: the number of its connections, and what its script raised."""

    visits: int = 0
    errors: list[BaseException] = field(default_factory=list)


@asynccontextmanager
async def service(path: Path, script: Script) -> AsyncIterator[Service]:
    """A service at this path, which plays the script with each connection, meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made, open_ends = Service(), set[asyncio.StreamWriter]()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.visits += 1
        open_ends.add(writer)
        try:
            await script(Visit(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            made.errors.append(error)
        finally:
            open_ends.discard(writer)
            writer.close()

    server = await asyncio.start_unix_server(play, path)
    try:
        yield made
    finally:
        server.close()
        for writer in open_ends:
            writer.transport.abort()


def answers(*parts: bytes) -> Script:
    """A script that answers each request without a body with these bytes."""

    async def script(visit: Visit) -> None:
        while True:
            await visit.head()
            await visit.send(*parts)

    return script


class Silent:
    """A script that reads the head of a request and never answers; `came` is set once it has it."""

    def __init__(self) -> None:
        self.came = asyncio.Event()

    async def __call__(self, visit: Visit) -> None:
        await visit.head()
        self.came.set()
        await visit.reader.read()


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


async def whole(live: Live, request: bytes) -> bytes:
    """All that comes until the worker closes the connection."""
    return (await ask(live.port, request)).raw


def dechunked(body: bytes) -> bytes:
    """The bytes in chunks."""
    found = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if not int(size, 16):
            return found
        found, body = found + body[: int(size, 16)], body[int(size, 16) + 2 :]


async def exchanged(live: Live, *parts: bytes, until: bytes) -> bytes:
    """Send the parts, one after the other, and read until this has come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await reader.readuntil(until)
    finally:
        writer.close()


async def until_broken(live: Live, request: bytes) -> tuple[bytes, bool]:
    """All that comes until the connection ends, and whether it ended cleanly, without a reset."""
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    writer.write(request)
    came = b""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while data := await reader.read(65_536):
                came += data
    except ConnectionResetError:
        return came, False
    finally:
        writer.close()
    return came, True


UPGRADE = (
    b"GET /shop/page/ws HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: t\r\n\r\n"
)


async def accept(visit: Visit) -> None:
    """Accept an upgrade, and then echo."""
    await visit.head()
    await visit.send(b"HTTP/1.1 101 Yes\r\nUpgrade: t\r\nConnection: upgrade\r\n\r\n")
    while data := await visit.reader.read(100):
        await visit.send(data)
