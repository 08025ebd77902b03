"""What can listen on a bound socket: HTTP, a protocol of bytes, a silent handler, or nobody."""

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, cast

from aiohttp import web

CLOSE_SECONDS = 1.0
"""How long requests under way may take to end when their listener stops."""

ACCEPT_TURNS = 3
"""Turns of the loop from taking a connection until its protocol knows of it."""

BANNER = b"TELEGRAPH 1 READY STOP\r\n"


class Listener(Protocol):
    """Serves one socket between `start`, which takes the bound socket over, and `stop`.

    May be started again with another socket after a stop. Stopping leaves the socket's file.
    """

    async def start(self, bound: socket.socket) -> None:
        """Begin to listen."""

    async def stop(self) -> None:
        """End all connections and close the socket."""


class Http:
    """Serves an aiohttp application; `build` makes a fresh one for each start."""

    def __init__(self, build: Callable[[], web.Application]) -> None:
        self._build = build

    async def start(self, bound: socket.socket) -> None:
        """Begin to listen."""
        self._bound = bound
        self._runner = web.AppRunner(
            self._build(),
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=CLOSE_SECONDS,
        )
        await self._runner.setup()
        await web.SockSite(self._runner, bound).start()

    async def stop(self) -> None:
        """End all connections and close the socket."""
        await _take_no_more(self._bound)
        await self._runner.cleanup()


class Raw:
    """Serves one asyncio protocol per connection; `talk` gets the set that holds what is open."""

    def __init__(self, talk: Callable[[set[asyncio.Transport]], asyncio.Protocol]) -> None:
        self._talk = talk
        self._open: set[asyncio.Transport] = set()

    async def start(self, bound: socket.socket) -> None:
        """Begin to listen."""
        self._bound, loop = bound, asyncio.get_running_loop()
        self._server = await loop.create_unix_server(
            lambda: self._talk(self._open), sock=bound, start_serving=False
        )
        await self._server.start_serving()

    async def stop(self) -> None:
        """End all connections and close the socket."""
        await _take_no_more(self._bound)
        self._server.close()
        for transport in tuple(self._open):
            transport.abort()
        await self._server.wait_closed()


class Nobody:
    """Never listens: the socket is closed at once and its file stays behind."""

    async def start(self, bound: socket.socket) -> None:
        """Close the socket."""
        bound.close()

    async def stop(self) -> None:
        """Do nothing: there is nobody to stop."""


class Silence(asyncio.Protocol):
    """A handler that hangs: it takes all that comes and never answers."""

    def __init__(self, connections: set[asyncio.Transport]) -> None:
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        self._connections.discard(self._transport)


class Telegraph(Silence):
    """A protocol that is not HTTP: it greets first, and acknowledges whatever comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        super().connection_made(transport)
        self._transport.write(BANNER)

    def data_received(self, data: bytes) -> None:
        """Acknowledge."""
        self._transport.write(b"RECEIVED %d BYTES STOP\r\n" % len(data))


async def _take_no_more(bound: socket.socket) -> None:
    """Leave new connections waiting, until those just taken are known and so can be ended.

    A connection whose server closes while it is being taken is lost by asyncio, still open.
    """
    asyncio.get_running_loop().remove_reader(bound.fileno())
    for _ in range(ACCEPT_TURNS):
        await asyncio.sleep(0)
