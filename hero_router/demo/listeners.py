"""The servers of the sample sockets: an HTTP application, an asyncio protocol, or no server."""

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, cast

from aiohttp import web

CLOSE_SECONDS = 1.0
"""Time that requests in progress have to end when their listener stops."""

ACCEPT_TURNS = 3
"""Turns of the event loop from accepting a connection to the call of `connection_made`."""

BANNER = b"TELEGRAPH 1 READY STOP\r\n"


class Listener(Protocol):
    """Serves one sample socket, from `start` until `stop`.

    A listener may be started again with another socket. `stop` does not delete the socket file.
    """

    async def start(self, bound: socket.socket) -> None:
        """Begin to listen on the bound socket; the listener closes the socket in `stop`."""

    async def stop(self) -> None:
        """End all client connections and close the socket."""


class Http:
    """Serves an aiohttp application on a sample socket; `build` makes a new one for each start."""

    def __init__(self, build: Callable[[], web.Application]) -> None:
        self._build = build

    async def start(self, bound: socket.socket) -> None:
        """Begin to listen on the bound socket."""
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
        """End all client connections and close the socket."""
        await _accept_no_more(self._bound)
        await self._runner.cleanup()


class Raw:
    """Serves an asyncio protocol on a sample socket; `talk` makes a protocol for a connection.

    `talk` gets the set of open connections, to which the protocol adds its connection.
    """

    def __init__(self, talk: Callable[[set[asyncio.Transport]], asyncio.Protocol]) -> None:
        self._talk = talk
        self._open: set[asyncio.Transport] = set()

    async def start(self, bound: socket.socket) -> None:
        """Begin to listen on the bound socket."""
        self._bound, loop = bound, asyncio.get_running_loop()
        self._server = await loop.create_unix_server(
            lambda: self._talk(self._open), sock=bound, start_serving=False
        )
        await self._server.start_serving()

    async def stop(self) -> None:
        """End all client connections and close the socket."""
        await _accept_no_more(self._bound)
        self._server.close()
        for transport in tuple(self._open):
            transport.abort()
        await self._server.wait_closed()


class NoListener:
    """Never listens: the socket file stays without a listener, as after a crash."""

    async def start(self, bound: socket.socket) -> None:
        """Close the bound socket; its file stays."""
        bound.close()

    async def stop(self) -> None:
        """Do nothing: the socket is closed already."""


class Silence(asyncio.Protocol):
    """The protocol of a service that hangs: it reads all requests and never answers."""

    def __init__(self, connections: set[asyncio.Transport]) -> None:
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note a new client connection, and send nothing."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget a client connection that has ended."""
        self._connections.discard(self._transport)


class Telegraph(Silence):
    """A protocol other than HTTP: it sends a banner, and acknowledges all bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the banner to a new client."""
        super().connection_made(transport)
        self._transport.write(BANNER)

    def data_received(self, data: bytes) -> None:
        """Acknowledge the client's bytes."""
        self._transport.write(b"RECEIVED %d BYTES STOP\r\n" % len(data))


async def _accept_no_more(bound: socket.socket) -> None:
    """Accept no more connections on this socket, and wait until asyncio has all accepted ones.

    asyncio loses a connection, still open, if its server closes while the connection is accepted.
    """
    asyncio.get_running_loop().remove_reader(bound.fileno())
    for _ in range(ACCEPT_TURNS):
        await asyncio.sleep(0)
