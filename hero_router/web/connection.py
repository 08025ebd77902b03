"""One client's TCP connection after aiohttp has answered: a small protocol of our own writes to it.

A handler that stays for as long as its stream costs a task and aiohttp's parser: 12 KB a client.
Instead the handler sends the head, hands its transport over, and is gone.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

from aiohttp import web

from hero_router.access.principal import Principal
from hero_router.feed.hub import Hub
from hero_router.feed.subscribers import SubscribeOptions, Subscriber

log = logging.getLogger(__name__)

KERNEL_BYTES = 128 * 1024
"""What the kernel may hold unsent for one client. More hides that it has fallen behind; less, and
who reads as fast as it can is taken for slow in a burst, which costs a third more."""

MOST_STRAY_BYTES = 64 * 1024
"""What a client may send after its request, and nobody reads; then it is no client of ours."""


class Framed(NamedTuple):
    """Bytes as they go over the wire: one part for each that was handed over, `size` in all."""

    parts: Sequence[bytes]
    size: int

    @classmethod
    def of(cls, parts: Sequence[bytes]) -> Self:
        """These parts."""
        return cls(parts, sum(map(len, parts)))


class Chunks:
    """Chunked transfer coding (RFC 9112, section 7.1); one per worker.

    The hub hands the same bytes to many clients, in a burst a few such slices in turns: each is
    framed once.
    """

    END = b"0\r\n\r\n"
    MOST = 8
    """So many are remembered: clients that read at the same speed are not further apart."""

    def __init__(self) -> None:
        self._chunks: dict[int, tuple[bytes, bytes]] = {}
        self._last: tuple[Sequence[bytes], Framed] = (), Framed((), 0)

    def __call__(self, datas: Sequence[bytes]) -> Framed:
        """Each as one chunk."""
        if self._last[0] is not datas:  # kept, so nothing else can be in its place
            self._last = datas, Framed.of(tuple(map(self._chunk, datas)))
        return self._last[1]

    def _chunk(self, data: bytes) -> bytes:
        known = self._chunks.get(id(data))  # the data is kept, so nothing else gets its id
        return known[1] if known else self._make_chunk(data)

    def _make_chunk(self, data: bytes) -> bytes:
        if len(self._chunks) >= self.MOST:
            del self._chunks[next(iter(self._chunks))]
        chunk = b"%x\r\n%b\r\n" % (len(data), data)
        self._chunks[id(data)] = data, chunk
        return chunk


class Connections:
    """The streams of one worker that aiohttp no longer knows of."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, connection: "Connection") -> None:
        """A stream begins."""
        self._open.add(connection)
        self._empty.clear()

    def discard(self, connection: "Connection") -> None:
        """A stream's connection is lost or closed."""
        self._open.discard(connection)
        if not self._open:
            self._empty.set()

    async def gone(self, seconds: float) -> None:
        """Wait until the last bytes of all are on their way; what then is left is dropped."""
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            log.warning("%d streams did not take their last bytes", len(self._open))
            for connection in tuple(self._open):
                connection.abort()


class Connection(asyncio.Protocol):
    """A stream's connection: the sink of one client of the hub.

    `encode` frames bytes as the HTTP version wants, and `end_mark` ends the body there.
    """

    __slots__ = (
        "_began", "_client", "_connections", "_encode", "_end_mark", "_file", "_held", "_hub",
        "_stray", "_transport",
    )  # fmt: skip

    def __init__(
        self,
        hub: Hub,
        connections: Connections,
        encode: Callable[[Sequence[bytes]], Framed],
        end_mark: bytes,
    ) -> None:
        self._hub, self._connections = hub, connections
        self._encode, self._end_mark = encode, end_mark
        self._stray, self._began = 0, time.monotonic()

    def take_over(
        self,
        request: web.Request,
        transport: asyncio.Transport,
        cursor: str | None,
        options: SubscribeOptions,
        principal: Principal,
    ) -> None:
        """Become the protocol of a request's transport and join the hub; the head has been sent.

        To aiohttp the connection is lost: it forgets it, and cancels the handler that calls this,
        as for any client that has gone.
        """
        self._transport, handler = transport, request.protocol
        _limit_buffers(transport)
        transport.set_protocol(self)
        handler.transport = None
        handler.connection_lost(None)
        transport.resume_reading()  # or nobody would notice that the client leaves
        self._file = _plain_file(transport)
        self._held = self._file is None or transport.get_write_buffer_size() > 0
        self._connections.add(self)
        self._client: Subscriber = self._hub.subscribe(
            self, cursor, principal.address, options, owner=principal
        )

    # What the hub asks of its sinks.

    def write(self, data: bytes) -> None:
        """Hand over the bytes, whatever waits; after the connection is lost they go nowhere."""
        self.write_many((data,))

    def write_many(self, datas: Sequence[bytes]) -> int:
        """Hand the kernel all of it in one call; the transport keeps what it left of one.

        Behind bytes that wait already the first one waits too: nothing ever overtakes them.
        """
        framed = self._encode(datas)
        try:
            if self._held or self._file is None:
                gone = 0
            elif len(framed.parts) == 1:  # alone it is taken a little quicker
                gone = os.write(self._file, framed.parts[0])
            else:
                gone = os.writev(self._file, framed.parts)
        except BlockingIOError:
            gone = 0
        except OSError:
            self._transport.abort()
            return len(datas)
        return len(datas) if gone == framed.size else self._keep(framed, gone)

    def _keep(self, framed: Framed, gone: int) -> int:
        """Keep the rest of the part that the kernel took none or only some of; its number."""
        number = 0
        while gone >= len(framed.parts[number]):
            gone -= len(framed.parts[number])
            number += 1
        self._queue(framed.parts[number][gone:])
        return number

    def _queue(self, part: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(part)
            self._held = self._file is None or self._transport.get_write_buffer_size() > 0

    def buffered(self) -> int:
        """Bytes that wait in the transport."""
        return self._transport.get_write_buffer_size() if self._held else 0

    def close(self) -> None:
        """Close once all is written."""
        if not self._transport.is_closing():
            self._transport.write(self._end_mark)
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection and what waits in it."""
        self._transport.abort()

    # What the transport tells.

    def resume_writing(self) -> None:
        """All that waited has gone; an encrypting transport says so in the middle of a write."""
        self._held = self._file is None
        asyncio.get_running_loop().call_soon(self._drained)

    def _drained(self) -> None:
        self._hub.writable(self._client)

    def data_received(self, data: bytes) -> None:
        """Read over what a client sends after its request."""
        self._stray += len(data)
        if self._stray > MOST_STRAY_BYTES:
            log.warning("client %s sends into its stream: dropped", self._client.name)
            self.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """The client has left, or its stream was ended."""
        self._hub.unsubscribe(self._client)
        self._connections.discard(self)
        seconds, client = time.monotonic() - self._began, self._client
        log.debug("stream of %s ended after %.1f s at %s", client.name, seconds, client.cursor)


def _limit_buffers(transport: asyncio.Transport) -> None:
    """A client for which anything waits is parked: more would only be memory."""
    transport.set_write_buffer_limits(high=0)
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, KERNEL_BYTES)


def _plain_file(transport: asyncio.Transport) -> int | None:
    """The descriptor that bytes can be written to as they are; None where they are encrypted."""
    if transport.get_extra_info("sslcontext") is not None:
        return None
    return int(transport.get_extra_info("socket").fileno())
