"""Services for the tests of the reverse proxy, scripted byte by byte, on real Unix sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

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
