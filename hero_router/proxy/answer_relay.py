"""Streams the answer of a service to the client as it arrives, with new HTTP framing.

The callbacks of the two connections do all of it, so no task and no copy of the answer is kept. A
slow client pauses the reading from the service. If a service breaks off, so does the connection to
the client.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from hero_router.proxy.answer_timeout_watcher import AnswerTimeouts
from hero_router.proxy.call_record import Cause, ProxiedCall
from hero_router.proxy.headers import Field, Fields, serialize
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.safe_connect import NoResponse

MAX_WAITING = 128 * 1024
"""Maximum number of bytes that are buffered for a client; above it, reading from the service
stops."""

MAX_JOINED = 16 * 1024
"""Most bytes whose parts are joined: for so few that costs less than to write them as parts."""

_NOT_IN_TRAILERS = frozenset(
    {
        b"transfer-encoding", b"content-length", b"host", b"connection", b"trailer", b"set-cookie",
        b"content-encoding", b"content-type", b"content-range", b"authorization", b"location",
    }
)  # fmt: skip
"""Fields that must not be sent as trailers (RFC 9110, section 6.5.1)."""

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 s: closing sends a reset, so that the client sees that the answer is cut off."""


class Flow(Protocol):
    """The connection that an answer comes from; its reading can be paused."""

    def pause_reading(self) -> None:
        """Stop reading from the connection."""

    def resume_reading(self) -> None:
        """Continue to read from the connection."""

    def abort(self) -> None:
        """Close the connection at once."""


class Limits(NamedTuple):
    """Time limits of an answer, in seconds.

    `answer` is for its head, `silence` for a pause within it, `idle` for a pause of a stream.
    """

    answer: float
    silence: float
    idle: float


def _nothing() -> None:
    """Do nothing."""


class Exchange:
    """Writes one answer to a client as it arrives (`upstream.response_callbacks`).

    `rewrite` gives the fields for the client, from the status and the service's fields. `call` is
    told how the answer goes. `on_end` is called once at the end. Then `keep_alive` says whether the
    client's connection can be kept; `error` is set where nothing of an answer was sent, and
    `tunnel` where the protocol has changed.
    """

    __slots__ = (
        "_call", "_chunked", "_client", "_client_owes", "_heard_at", "_is_paused", "_limit",
        "_limits", "_method", "_on_end", "_parts", "_rewrite", "_source", "_timeouts",
        "_version", "continued", "error", "is_done", "keep_alive", "status", "tunnel",
    )  # fmt: skip

    def __init__(
        self,
        client: asyncio.Transport,
        version: tuple[int, int],
        method: str,
        rewrite: Callable[[int, Fields], list[Field]],
        call: ProxiedCall,
        on_end: Callable[[], None],
        *,
        keep_alive: bool,
        limits: Limits,
        timeouts: AnswerTimeouts,
    ) -> None:
        self._client, self._version, self._method = client, version, method
        self._rewrite, self._call, self.keep_alive = rewrite, call, keep_alive
        self._on_end, self._limits, self._timeouts = on_end, limits, timeouts
        self._limit = limits.answer
        self.continued: asyncio.Future[None] | None = None
        self.status, self.is_done = 0, False
        self.error: NoResponse | None = None
        self._source: Flow | None = None
        self._is_paused, self._client_owes, self._chunked = False, False, False
        self._heard_at = 0.0
        self.tunnel: bytes | None = None
        self._parts = list[bytes]()

    def start(self, source: Flow) -> None:
        """The request is being sent: the time for its answer begins."""
        self._source, self._heard_at = source, time.monotonic()
        self._timeouts.add(self)

    def wait_for_client(self, *, waits: bool) -> None:
        """While the client owes some of its request the service is not late."""
        self._client_owes, self._heard_at = waits, time.monotonic()

    def stop(self) -> None:
        """Nobody waits for the answer any more."""
        self._timeouts.discard(self)

    def check(self, now: float) -> None:
        """Give up an answer that is late; a pause while the client does not read is its own."""
        if now < self._heard_at + self._limit or self._is_paused or self._client_owes:
            return
        if self._source is not None:
            self._source.abort()
            self.failed(NoResponse(Outcome.LATE, "does not answer in time"))

    def _end(self, *, keep_alive: bool = False, error: NoResponse | None = None) -> None:
        if not self.is_done:
            self.is_done, self.keep_alive, self.error = True, keep_alive, error
            self._timeouts.discard(self)
            on_end, self._on_end = self._on_end, _nothing  # else it could keep this object alive
            on_end()

    @property
    def has_begun(self) -> bool:
        """Whether the client has been sent some of the answer."""
        return self.status > 0

    def informed(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Pass an interim answer on (RFC 9110, section 15.2); HTTP/1.0 has none."""
        if self.continued is not None and not self.continued.done():
            self.continued.set_result(None)
        if self._version >= (1, 1):
            kept = self._rewrite(status, fields)
            self._parts.append(serialize(b"HTTP/1.1 %d %b" % (status, reason), kept))
            self.flush()

    def began(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Make the head for the client, with the framing that the answer gets there."""
        self.status = status
        self._call.first_byte(status)
        if self.continued is not None and not self.continued.done():
            self.keep_alive = False  # a body that the client sends all the same is not read
        length, is_stream = None, status == 101
        for field in fields:
            key = field[0].lower()
            if key == b"content-length":
                length = length or field
            elif key == b"content-type":
                is_stream = is_stream or field[1].lower().startswith(b"text/event-stream")
        self._limit = self._limits.idle if is_stream else self._limits.silence
        self._heard_at = time.monotonic()
        kept = self._rewrite(status, fields)
        if self._version < (1, 1):  # which has no trailers
            kept = [item for item in kept if item[0].lower() != b"trailer"]
        if status == 101:
            upgrade = [item for item in fields if item[0].lower() == b"upgrade"]
            kept += (*upgrade, (b"Connection", b"upgrade"))
        else:
            kept += self._framing(status, length)
        line = b"HTTP/1.%d %d %b" % (self._version[1], status, reason)
        self._parts.append(serialize(line, kept))

    def _framing(self, status: int, length: Field | None) -> list[Field]:
        framing = list[Field]()
        if length is not None and status != 204:
            framing.append(length)
        elif self._method == "HEAD" or status in (204, 304):
            pass
        elif self._version >= (1, 1):
            self._chunked = True
            framing.append((b"Transfer-Encoding", b"chunked"))
        else:
            self.keep_alive = False
        if not self.keep_alive:
            framing.append((b"Connection", b"close"))
        elif self._version < (1, 1):
            framing.append((b"Connection", b"keep-alive"))
        return framing

    def received(self, data: bytes) -> None:
        """Add a part of the body to what is written to the client next."""
        self._call.sent_bytes += len(data)
        if self._chunked:
            self._parts += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self._parts.append(data)

    def flush(self) -> None:
        """Write all parts to the client in one call; stop reading if the client is slow."""
        if not self._parts:
            return
        parts, self._parts = self._parts, []
        self._heard_at = time.monotonic()
        if self._client.is_closing():
            return
        if len(parts) == 1:
            self._client.write(parts[0])
        elif sum(map(len, parts)) <= MAX_JOINED:
            self._client.write(b"".join(parts))
        else:
            self._client.writelines(parts)
        if self._source is not None and self._client.get_write_buffer_size() > MAX_WAITING:
            self._is_paused = True
            self._source.pause_reading()

    def resume(self) -> None:
        """The client has taken what waited."""
        if self._is_paused and self._source is not None and not self.is_done:
            self._is_paused, self._heard_at = False, time.monotonic()
            self._source.resume_reading()

    def ended(self, trailers: list[Field]) -> None:
        """End the answer, with its trailers."""
        self._source = None  # it may serve another request by now
        if self._chunked:
            kept = [item for item in trailers if item[0].lower() not in _NOT_IN_TRAILERS]
            self._parts.append(serialize(b"0", kept))
        self.flush()
        self._end(keep_alive=self.keep_alive)

    def upgraded(self, data: bytes) -> None:
        """Note that the answer was 101, so that a tunnel begins; its first bytes are `data`."""
        self.flush()
        self.tunnel = (self.tunnel or b"") + data
        self._end()

    def failed(self, error: NoResponse) -> None:
        """There is no whole answer; after a part of one break the client's connection."""
        if self.is_done:
            return
        if self.has_begun:
            self._call.failed(error)
            self._break()
            self._end()
        else:
            self._end(error=error)

    def cut_off(self, reason: str) -> None:
        """The client's request is malformed or late: nothing may follow what it was sent."""
        self.keep_alive = False
        if not self.is_done:
            self._call.refused(Cause.BROKEN_CLIENT, self.status, reason)
            self._break()
            self._end()

    def _break(self) -> None:
        connection = self._client.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._client.abort()
