"""The connection of one event stream, after aiohttp has sent the response's head.

A handler that lives as long as its stream costs a task and a parser: 12 KB for each client. Here
the handler sends the head, passes its transport to a small protocol, and ends.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

from aiohttp import web

from hero_router.access.concurrency_limits import ConcurrencyLimit, Slot
from hero_router.access.principal import Principal
from hero_router.feed.hub import Hub
from hero_router.feed.subscribers import SubscribeOptions, Subscriber

log = logging.getLogger(__name__)

KERNEL_BYTES = 128 * 1024
"""How many bytes the kernel may hold unsent for one client. A larger buffer hides slow clients. A
smaller one marks fast clients as slow during a burst, which costs a third more."""

MAX_STRAY_BYTES = 64 * 1024
"""How many bytes a client may send after its request; they are ignored. Beyond that its connection
is closed."""


Rewrite = Callable[[bytes], bytes]
"""Puts whole SSE frames into another format, as `ndjson.lines` does."""


def unchanged(frames: bytes) -> bytes:
    """SSE frames as they are."""
    return frames


class Framed(NamedTuple):
    """Bytes as they are sent: one part for each buffer passed in, `size` bytes in all."""

    parts: Sequence[bytes]
    size: int

    @classmethod
    def of(cls, parts: Sequence[bytes]) -> Self:
        """Send these parts."""
        return cls(parts, sum(map(len, parts)))


def unchunked(rewrite: Rewrite) -> Callable[[Sequence[bytes]], Framed]:
    """Frames buffers for HTTP/1.0, which has no transfer coding."""
    return lambda datas: Framed.of(tuple(map(rewrite, datas)))


class Chunks:
    """Chunked transfer coding (RFC 9112, section 7.1), with a cache; one per worker and format.

    The hub writes the same bytes to many clients: each slice is framed once. `rewrite` puts whole
    SSE frames into another format before.
    """

    END = b"0\r\n\r\n"
    MAX_CACHED = 8
    """Framed slices to cache; clients that keep up never need more."""

    def __init__(self, rewrite: Rewrite = unchanged) -> None:
        self._rewrite = rewrite
        self._chunks: dict[int, tuple[bytes, bytes]] = {}
        self._last: tuple[Sequence[bytes], Framed] = (), Framed((), 0)

    def __call__(self, datas: Sequence[bytes]) -> Framed:
        """Each buffer as one chunk."""
        if self._last[0] is not datas:  # it is kept, so no other object can have its id
            self._last = datas, Framed.of(tuple(map(self._chunk, datas)))
        return self._last[1]

    def _chunk(self, data: bytes) -> bytes:
        known = self._chunks.get(id(data))  # the data is kept: no other gets its id
        return known[1] if known else self._make_chunk(data)

    def _make_chunk(self, data: bytes) -> bytes:
        if len(self._chunks) >= self.MAX_CACHED:
            del self._chunks[next(iter(self._chunks))]
        body = self._rewrite(data)
        chunk = b"%x\r\n%b\r\n" % (len(body), body)
        self._chunks[id(data)] = data, chunk
        return chunk


class Connections:
    """The open connections of one worker's streams, which aiohttp no longer manages."""

    def __init__(self, quota: ConcurrencyLimit) -> None:
        self._open: set[Connection] = set()
        self.quota = quota
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, connection: "Connection") -> None:
        """Add the connection of a stream that begins."""
        self._open.add(connection)
        self._empty.clear()

    def discard(self, connection: "Connection") -> None:
        """Remove a connection that is lost or closed."""
        self._open.discard(connection)
        if not self._open:
            self._empty.set()

    async def wait_closed(self, seconds: float) -> None:
        """Wait until all connections are closed; after `seconds` abort the others."""
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            log.warning(
                "disconnected %d clients, as this web worker ends and they did not read the last "
                "bytes of their event streams",
                len(self._open),
            )
            for connection in tuple(self._open):
                connection.abort()


class Connection(asyncio.Protocol):
    """A stream's connection, and the sink of its subscriber in the hub.

    `encode` frames bytes for the client's HTTP version; `end_mark` is the end of the body.
    """

    __slots__ = (
        "_buffering",
        "_client",
        "_connections",
        "_descriptor",
        "_encode",
        "_end_mark",
        "_hub",
        "_opened_at",
        "_slot",
        "_stray",
        "_transport",
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
        self._stray, self._opened_at = 0, time.monotonic()

    def take_over(
        self,
        request: web.Request,
        transport: asyncio.Transport,
        cursor: str | None,
        options: SubscribeOptions,
        principal: Principal,
        slot: Slot,
    ) -> None:
        """Take over the transport of a request whose response head is sent, and subscribe.

        `slot` is given back when the connection is lost.

        aiohttp is told that the connection is lost: it forgets the connection, and cancels the
        handler that calls this method.
        """
        self._transport, self._slot, handler = transport, slot, request.protocol
        _limit_buffers(transport)
        transport.set_protocol(self)
        handler.transport = None
        handler.connection_lost(None)
        transport.resume_reading()  # only a transport that reads notices that the client leaves
        self._descriptor = _plain_descriptor(transport)
        self._buffering = self._descriptor is None or transport.get_write_buffer_size() > 0
        self._connections.add(self)
        self._client: Subscriber = self._hub.subscribe(
            self, cursor, principal.address, options, owner=principal
        )

    # feed.subscribers.Sink

    def write(self, data: bytes) -> None:
        """Send bytes, after those that are queued already; a lost connection drops them."""
        self.write_many((data,))

    def write_many(self, datas: Sequence[bytes]) -> int:
        """Send buffers in one call; returns how many the kernel took in full.

        The rest of the first buffer that the kernel did not take is queued. If bytes are queued
        already, the first buffer is queued after them. Later buffers are not taken.
        """
        framed = self._encode(datas)
        try:
            if self._buffering or self._descriptor is None:
                gone = 0
            elif len(framed.parts) == 1:  # a little faster than writev
                gone = os.write(self._descriptor, framed.parts[0])
            else:
                gone = os.writev(self._descriptor, framed.parts)
        except BlockingIOError:
            gone = 0
        except OSError:
            self._transport.abort()
            return len(datas)
        return len(datas) if gone == framed.size else self._keep_rest(framed, gone)

    def _keep_rest(self, framed: Framed, gone: int) -> int:
        """Queue the rest of the first part that the kernel did not take in full; its number."""
        number = 0
        while gone >= len(framed.parts[number]):
            gone -= len(framed.parts[number])
            number += 1
        self._queue(framed.parts[number][gone:])
        return number

    def _queue(self, part: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(part)
            self._buffering = (
                self._descriptor is None or self._transport.get_write_buffer_size() > 0
            )

    def buffered(self) -> int:
        """How many bytes are queued in the transport."""
        return self._transport.get_write_buffer_size() if self._buffering else 0

    def close(self) -> None:
        """Close the connection after all queued bytes are sent."""
        if not self._transport.is_closing():
            self._transport.write(self._end_mark)
            self._transport.close()

    def abort(self) -> None:
        """Close the connection at once, and drop the queued bytes."""
        self._transport.abort()

    # asyncio.Protocol

    def resume_writing(self) -> None:
        """All queued bytes are sent: tell the hub, in the next turn of the event loop.

        A TLS transport calls this method in the middle of a write.
        """
        self._buffering = self._descriptor is None
        asyncio.get_running_loop().call_soon(self._drained)

    def _drained(self) -> None:
        self._hub.writable(self._client)

    def data_received(self, data: bytes) -> None:
        """Ignore bytes that a client sends after its request; disconnect it if they are many."""
        self._stray += len(data)
        if self._stray > MAX_STRAY_BYTES:
            log.warning(
                "disconnected the client %s: it sent data on the connection of its event stream",
                self._client.name,
            )
            self.abort()

    def connection_lost(self, _: Exception | None) -> None:
        """The client has left, or its stream has ended: unsubscribe it."""
        self._hub.unsubscribe(self._client)
        self._connections.discard(self)
        self._slot.give_back()
        seconds, client = time.monotonic() - self._opened_at, self._client
        log.debug(
            "the event stream of the client %s has ended after %.1f s, at position %s",
            client.name,
            seconds,
            client.cursor,
        )


def _limit_buffers(transport: asyncio.Transport) -> None:
    """Keep buffers small: a client with queued bytes is BLOCKED, so more would only use memory."""
    transport.set_write_buffer_limits(high=0)
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, KERNEL_BYTES)


def _plain_descriptor(transport: asyncio.Transport) -> int | None:
    """The descriptor to write to; None on a TLS transport, which has to encrypt first."""
    if transport.get_extra_info("sslcontext") is not None:
        return None
    return int(transport.get_extra_info("socket").fileno())
