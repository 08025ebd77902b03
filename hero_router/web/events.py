"""`GET /api/events`: a client's connection as a sink of the hub. The hub decides, this writes."""

import asyncio
import socket
from collections.abc import Callable

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from hero_router import sse
from hero_router.feed.hub import HIGH_WATER
from hero_router.web.context import CONTEXT

LOW_WATER = HIGH_WATER // 4
"""A parked client goes on when its transport holds no more than this."""

KERNEL_BYTES = 64 * 1024
"""What the kernel may hold unsent for one client: more only hides that it has fallen behind."""

LONGEST_CURSOR = 64
"""A longer cursor is no position; it is not even looked at."""


class Chunks:
    """Chunked transfer coding (RFC 9112, section 7.1); one per worker.

    The hub hands the same bytes to many clients in a row: they are framed once.
    """

    def __init__(self) -> None:
        self._data, self._chunk = b"", b""

    def __call__(self, data: bytes) -> bytes:
        """The data as one chunk."""
        if data is not self._data:
            self._data, self._chunk = data, b"%x\r\n%b\r\n" % (len(data), data)
        return self._chunk


class ConnectionSink:
    """Writes to one client's transport. `encode` frames the bytes as the HTTP version wants."""

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        writer: AbstractStreamWriter,
        encode: Callable[[bytes], bytes],
    ) -> None:
        self._transport, self._writer, self._encode = transport, writer, encode
        self._woken, self._ended = asyncio.Event(), False

    def write(self, data: bytes) -> None:
        """Hand the bytes to the transport; after the connection is lost they go nowhere."""
        if not self._transport.is_closing():
            self._transport.write(self._encode(data))

    def backlog(self) -> int:
        """Bytes that wait in the transport."""
        return self._transport.get_write_buffer_size()

    def parked(self) -> None:
        """Wake `pump`, which waits for the transport to drain."""
        self._woken.set()

    def end(self) -> None:
        """Let `pump` return, so that the response ends cleanly."""
        self._ended = True
        self._woken.set()

    def abort(self) -> None:
        """Drop the connection; its handler is cancelled by that."""
        self._transport.abort()

    async def pump(self, drained: Callable[[], None]) -> None:
        """Sleep while all goes well; once the hub has parked the client, wait, call `drained`."""
        while not self._ended:
            await self._woken.wait()
            self._woken.clear()
            if not self._ended:
                await self._writer.drain()
                drained()


def routes() -> list[web.RouteDef]:
    """The stream, at its two addresses."""
    chunks = Chunks()

    async def events(request: web.Request) -> web.StreamResponse:
        """Stream the events after the client's position, as Server-Sent Events."""
        response = web.StreamResponse(headers=sse.HEADERS)
        writer = await response.prepare(request)
        transport = request.transport
        if request.method == "HEAD" or writer is None or transport is None:
            return response
        _limit_buffers(transport)
        encode = chunks if request.version >= (1, 1) else bytes
        sink = ConnectionSink(transport, writer, encode)
        hub = request.app[CONTEXT].feed.hub
        client = hub.join(sink, _cursor(request), request.remote or "local")
        try:
            await sink.pump(lambda: hub.drained(client))
        finally:
            hub.leave(client)
        return response

    return [web.get(path, events) for path in ("/api/events", "/events")]


def _cursor(request: web.Request) -> str | None:
    """Where the client says it stands: `Last-Event-ID`, else `?cursor=`; None for a new client."""
    told = request.headers.get("Last-Event-ID") or request.query.get("cursor")
    return told[:LONGEST_CURSOR] if told else None


def _limit_buffers(transport: asyncio.WriteTransport) -> None:
    transport.set_write_buffer_limits(high=HIGH_WATER, low=LOW_WATER)
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, KERNEL_BYTES)
