"""Passes one answer from a service on to the client as it arrives, with HTTP framing of its own.

The callbacks of the two connections do all of it, so no task and no copy of the answer is kept. A
slow client pauses the reading from the service. If a service breaks off, so does the connection to
the client.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple, Protocol

from hero_router.proxy.call import ProxiedCall
from hero_router.proxy.headers import Field, Fields, serialize
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.safe_connect import NoResponse

MAX_WAITING = 128 * 1024
"""Bytes that may wait for a client before the reading from the service stops."""

_NOT_IN_TRAILERS = frozenset(
    {
        b"transfer-encoding", b"content-length", b"host", b"connection", b"trailer", b"set-cookie",
        b"content-encoding", b"content-type", b"content-range", b"authorization", b"location",
    }
)  # fmt: skip
"""Fields that a client must not take from trailers (RFC 9110, section 6.5.1)."""

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends a reset, so no client takes the end for a clean one."""


class Flow(Protocol):
    """What an answer comes from: it can be told to wait."""

    def pause_reading(self) -> None:
        """Read nothing for a while."""

    def resume_reading(self) -> None:
        """Read again."""

    def abort(self) -> None:
        """Give up."""


class Limits(NamedTuple):
    """Time limits of an answer, in seconds.

    `answer` is for its head, `silence` for a pause within it, `idle` for a pause of a stream.
    """

    answer: float
    silence: float
    idle: float


class Exchange:
    """The receiver of one answer (`upstream.connection.Receiver`), which writes it to a client.

    `rewrite` gives the fields for the client, from the status and the service's fields. `call` is
    told how the answer goes. `done` ends with whether the client's connection can be kept, or with
    NoResponse where nothing of an answer was sent yet.
    """

    def __init__(
        self,
        client: asyncio.Transport,
        version: tuple[int, int],
        method: str,
        rewrite: Callable[[int, Fields], list[Field]],
        call: ProxiedCall,
        *,
        keep_alive: bool,
        limits: Limits,
    ) -> None:
        self._client, self._version, self._method = client, version, method
        self._rewrite, self._call, self._keep_alive = rewrite, call, keep_alive
        self._loop, self._limits, self._limit = asyncio.get_running_loop(), limits, limits.answer
        self.done: asyncio.Future[bool] = self._loop.create_future()
        self.continued: asyncio.Future[None] | None = None
        self.status = 0
        self._source: Flow | None = None
        self._is_paused, self._client_owes = False, False
        self._heard_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self.tunnel: bytes | None = None
        self._parts = list[bytes]()
        self._chunked = False

    def start(self, source: Flow) -> None:
        """The request is being sent: the time for its answer begins."""
        self._source, self._heard_at = source, self._loop.time()
        self._timer = self._loop.call_later(self._limit, self._check)

    def wait_for_client(self, *, waits: bool) -> None:
        """While the client owes some of its request the service is not late."""
        self._client_owes, self._heard_at = waits, self._loop.time()

    def stop(self) -> None:
        """Nobody waits for the answer any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _check(self) -> None:
        """Give up an answer that is late; a pause while the client does not read is its own."""
        late = self._heard_at + self._limit - self._loop.time()
        if self.done.done() or self._source is None:
            return
        if late <= 0 and not self._is_paused and not self._client_owes:
            self._source.abort()
            self.failed(NoResponse(Outcome.LATE, "does not answer in time"))
            return
        self._timer = self._loop.call_later(max(late, 0.05), self._check)

    @property
    def has_begun(self) -> bool:
        """Whether the client has been sent some of the answer."""
        return self.status > 0

    def informed(self, status: int, reason: bytes, fields: list[Field]) -> None:
        """Pass an interim answer on (RFC 9110, section 15.2); HTTP/1.0 knows none."""
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
            self._keep_alive = False  # a body that the client sends all the same is not read
        is_stream = status == 101 or any(map(_says_stream, fields))
        self._limit = self._limits.idle if is_stream else self._limits.silence
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._loop.call_later(self._limit, self._check)
        kept = self._rewrite(status, fields)
        if self._version < (1, 1):  # which has no trailers
            kept = [item for item in kept if item[0].lower() != b"trailer"]
        if status == 101:
            upgrade = [item for item in fields if item[0].lower() == b"upgrade"]
            kept += (*upgrade, (b"Connection", b"upgrade"))
        else:
            kept += self._framing(status, fields)
        line = b"HTTP/%d.%d %d %b" % (*self._version, status, reason)
        self._parts.append(serialize(line, kept))

    def _framing(self, status: int, fields: Fields) -> list[Field]:
        lengths = [item for item in fields if item[0].lower() == b"content-length"]
        if status == 204:
            framing = []
        elif self._method == "HEAD" or status == 304 or lengths:
            framing = lengths[:1]
        elif self._version >= (1, 1):
            self._chunked = True
            framing = [(b"Transfer-Encoding", b"chunked")]
        else:
            self._keep_alive, framing = False, []
        if not self._keep_alive:
            framing.append((b"Connection", b"close"))
        elif self._version < (1, 1):
            framing.append((b"Connection", b"keep-alive"))
        return framing

    def received(self, data: bytes) -> None:
        """Pass some of the body on."""
        self._call.sent_bytes += len(data)
        if self._chunked:
            self._parts += (b"%x\r\n" % len(data), data, b"\r\n")
        else:
            self._parts.append(data)

    def flush(self) -> None:
        """Write what has come together, in one call; stop reading if the client is slow."""
        if not self._parts:
            return
        parts, self._parts = self._parts, []
        self._heard_at = self._loop.time()
        if self._client.is_closing():
            return
        self._client.writelines(parts)
        if self._source is not None and self._client.get_write_buffer_size() > MAX_WAITING:
            self._is_paused = True
            self._source.pause_reading()

    def resume(self) -> None:
        """The client has taken what waited."""
        if self._is_paused and self._source is not None and not self.done.done():
            self._is_paused, self._heard_at = False, self._loop.time()
            self._source.resume_reading()

    def ended(self, trailers: list[Field]) -> None:
        """End the answer, with its trailers."""
        if self._chunked:
            kept = [item for item in trailers if item[0].lower() not in _NOT_IN_TRAILERS]
            self._parts.append(serialize(b"0", kept))
        self.flush()
        if not self.done.done():
            self.done.set_result(self._keep_alive)

    def upgraded(self, data: bytes) -> None:
        """The answer was 101: what follows is a tunnel, which begins with `data`."""
        self.flush()
        self.tunnel = data
        if not self.done.done():
            self.done.set_result(False)

    def failed(self, error: NoResponse) -> None:
        """Tell the waiting handler; after a part of an answer break the client's connection."""
        if self.done.done():
            return
        if self.has_begun:
            self._call.failed(error)
            self._break()
            self.done.set_result(False)
        else:
            self.done.set_exception(error)

    def _break(self) -> None:
        connection = self._client.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._client.abort()


def _says_stream(item: Field) -> bool:
    name, value = item
    return name.lower() == b"content-type" and value.lower().startswith(b"text/event-stream")
