"""Listeners for a bound socket: an HTTP application, a protocol of bytes, or none at all."""

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, cast

from aiohttp import web

CLOSE_SECONDS = 1.0
"""How long requests in progress may take to end when their listener stops."""

ACCEPT_TURNS = 3
"""Turns of the loop from accepting a connection until its protocol has it."""

BANNER = b"TELEGRAPH 1 READY STOP\r\n"


class Listener(Protocol):
    """Serves one socket from `start`, which takes over the bound socket, until `stop`.

    It may be started again with another socket. `stop` leaves the socket's file.
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
        await _accept_no_more(self._bound)
        await self._runner.cleanup()


class Raw:
    """Serves one asyncio protocol for each connection; `talk` gets the set of open connections."""

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
        await _accept_no_more(self._bound)
        self._server.close()
        for transport in tuple(self._open):
            transport.abort()
        await self._server.wait_closed()


class NoListener:
    """Never listens: the socket is closed at once and its file stays."""

    async def start(self, bound: socket.socket) -> None:
        """Close the socket."""
        bound.close()

    async def stop(self) -> None:
        """Do nothing: nothing listens."""


class Silence(asyncio.Protocol):
    """A handler that hangs: it reads everything and never answers."""

    def __init__(self, connections: set[asyncio.Transport]) -> None:
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection open."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        self._connections.discard(self._transport)


class Telegraph(Silence):
    """A protocol that is not HTTP: it sends a banner, and acknowledges all bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the banner."""
        super().connection_made(transport)
        self._transport.write(BANNER)

    def data_received(self, data: bytes) -> None:
        """Acknowledge the bytes."""
        self._transport.write(b"RECEIVED %d BYTES STOP\r\n" % len(data))


async def _accept_no_more(bound: socket.socket) -> None:
    """Accept no more connections, and wait until those just accepted are known, to be ended.

    asyncio loses a connection, still open, if its server closes while the connection is accepted.
    """
    asyncio.get_running_loop().remove_reader(bound.fileno())
    for _ in range(ACCEPT_TURNS):
        await asyncio.sleep(0)
