"""A tiny HTTP client for one socket: every answer is bounded in size, none is followed or decoded.

Time is bounded by the caller, who wraps the whole conversation in one deadline. The bytes are read
by llhttp, the parser of Node.js; `scan.answer` bounds what it may gather.
"""

import asyncio
import contextlib
import errno
import os
import socket
import stat
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from hero_router import __version__
from hero_router.errors import RouterError
from hero_router.scan.result import NO_PERMISSION, Kind
from hero_router.scan.sockets import Found
from hero_router.upstream.response import Answer, Foreign, Reading

BUSY_SECONDS = 0.05
"""Pause before a listener whose queue was full is tried again."""
CHUNK = 64 * 1024
"""Most bytes that are read at a time."""

HEADERS: Mapping[str, str] = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"hero_router/{__version__}",
}
_FIELDS = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())

_QUEUE_FULL = frozenset({errno.EAGAIN})
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_SILENT = "closes the connection without an answer"
_MEANING = {
    errno.ECONNREFUSED: (Kind.REFUSED, "nothing listens"),
    errno.ECONNRESET: (Kind.CLOSED, _SILENT),
    errno.EPIPE: (Kind.CLOSED, _SILENT),
    errno.EPROTOTYPE: (Kind.FOREIGN, "is not a stream socket"),
    errno.ENOENT: (Kind.MISSING, "cannot be seen"),
    errno.EACCES: (Kind.DENIED, NO_PERMISSION),
    errno.EPERM: (Kind.DENIED, NO_PERMISSION),
}


class Unanswered(RouterError):
    """The socket gave no HTTP answer; `kind` says how that is to be judged."""

    code = "unanswered"

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Client:
    """One connection to one socket, kept for the few questions of a probe; closed on exit."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._fd = -1
        self._socket: socket.socket | None = None
        self.accepted = True
        """False while the listener's queue is full."""

    async def __aenter__(self) -> Self:
        self._fd = _open(self._found)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drop()
        os.close(self._fd)

    async def get(self, path: str, limit: int) -> Answer:
        """Ask once; `limit` is the largest body in bytes. Raises Unanswered."""
        return await self._ask(_request("GET", path), limit)

    async def post(self, path: str, limit: int, body: bytes) -> Answer:
        """Send JSON. Only for questions that may be repeated: a kept connection may be dead."""
        return await self._ask(_request("POST", path, body), limit)

    async def _ask(self, request: bytes, limit: int) -> Answer:
        kept = self._socket is not None
        try:
            return await self._exchange(request, limit)
        except Unanswered as failure:
            self._drop()
            if failure.kind is not Kind.CLOSED or not kept:
                raise
        return await self._exchange(request, limit)

    async def _exchange(self, request: bytes, limit: int) -> Answer:
        connection = self._socket = self._socket or await self._connect()
        loop, reading = asyncio.get_running_loop(), Reading(limit)
        try:
            await loop.sock_sendall(connection, request)
            while not reading.done:
                data = await loop.sock_recv(connection, CHUNK)
                if not data:
                    _end(reading)
                reading.feed(data)
        except Foreign as error:
            raise Unanswered(Kind.FAILED if error.endless else Kind.FOREIGN, str(error)) from None
        except OSError as error:
            raise _judged_os(error) or Unanswered(Kind.FAILED, "breaks off its answer") from None
        if not reading.reusable:
            self._drop()
        return reading.answer

    async def _connect(self) -> socket.socket:
        """A connection to the listener, as soon as its queue has room. Raises Unanswered."""
        while True:
            try:
                connection = _connected(self._fd)
            except OSError as error:
                if failure := _judged_os(error):
                    raise failure from None
            else:
                self.accepted = True
                return connection
            self.accepted = False
            await asyncio.sleep(BUSY_SECONDS)

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def listens(found: Found) -> bool:
    """Whether a listener takes a connection, which is closed without a word. Never waits."""
    with contextlib.suppress(Unanswered, OSError):
        handle = _open(found)
        try:
            _connected(handle).close()
        finally:
            os.close(handle)
        return True
    return False


def _request(method: str, path: str, body: bytes | None = None) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{_FIELDS}"
    if body is None:
        return f"{head}\r\n".encode()
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{kind}\r\n".encode() + body


def _end(reading: Reading) -> None:
    """Take the end of a connection into account. Raises Unanswered where it is too early."""
    if not reading.begun:
        raise Unanswered(Kind.CLOSED, _SILENT)
    if not reading.end():
        raise Unanswered(Kind.FAILED, "breaks off its answer")


def _connected(handle: int) -> socket.socket:
    """A new connection. Raises OSError; never waits: EAGAIN is a queue that is full."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        # Through the descriptor the path has no length limit and cannot be swapped meanwhile.
        connection.connect(f"/proc/self/fd/{handle}")
    except BaseException:
        connection.close()
        raise
    return connection


def _open(found: Found) -> int:
    """A handle on the very socket that was found, without connecting. Raises Unanswered."""
    try:
        handle = os.open(found.target, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _judged_os(error) or Unanswered(Kind.MISSING, "cannot be seen") from None
    state = os.fstat(handle)
    if stat.S_ISSOCK(state.st_mode) and (state.st_dev, state.st_ino) == found.inode[:2]:
        return handle
    os.close(handle)
    raise Unanswered(Kind.MISSING, "cannot be seen")


def _judged_os(error: OSError) -> Unanswered | None:
    """What a system's error means for the socket; None: its queue is full, try again."""
    number = error.errno or 0
    if number in _QUEUE_FULL:
        return None
    if number in _EXHAUSTED:
        return Unanswered(Kind.UNSEEN, f"the scanner lacks resources: {os.strerror(number)}")
    unknown = (Kind.FAILED, f"cannot be connected to: {os.strerror(number)}")
    return Unanswered(*_MEANING.get(number, unknown))
