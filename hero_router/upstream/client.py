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
from hero_router.scan.result import NO_PERMISSION, Outcome
from hero_router.scan.sockets import SocketFile
from hero_router.upstream.response import NotHttp, Response, ResponseParser

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
    errno.ECONNREFUSED: (Outcome.REFUSED, "nothing listens"),
    errno.ECONNRESET: (Outcome.CLOSED, _SILENT),
    errno.EPIPE: (Outcome.CLOSED, _SILENT),
    errno.EPROTOTYPE: (Outcome.FOREIGN, "is not a stream socket"),
    errno.ENOENT: (Outcome.MISSING, "cannot be seen"),
    errno.EACCES: (Outcome.DENIED, NO_PERMISSION),
    errno.EPERM: (Outcome.DENIED, NO_PERMISSION),
}


class NoResponse(RouterError):
    """The socket gave no HTTP answer; `kind` says how that is to be judged."""

    code = "unanswered"

    def __init__(self, kind: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Client:
    """One connection to one socket, kept for the few questions of a probe; closed on exit."""

    def __init__(self, found: SocketFile) -> None:
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

    async def get(self, path: str, limit: int) -> Response:
        """Ask once; `limit` is the largest body in bytes. Raises Unanswered."""
        return await self._ask(_request("GET", path), limit)

    async def post(self, path: str, limit: int, body: bytes) -> Response:
        """Send JSON. Only for questions that may be repeated: a kept connection may be dead."""
        return await self._ask(_request("POST", path, body), limit)

    async def _ask(self, request: bytes, limit: int) -> Response:
        kept = self._socket is not None
        try:
            return await self._exchange(request, limit)
        except NoResponse as failure:
            self._drop()
            if failure.kind is not Outcome.CLOSED or not kept:
                raise
        return await self._exchange(request, limit)

    async def _exchange(self, request: bytes, limit: int) -> Response:
        connection = self._socket = self._socket or await self._connect()
        loop, reading = asyncio.get_running_loop(), ResponseParser(limit)
        try:
            await loop.sock_sendall(connection, request)
            while not reading.done:
                data = await loop.sock_recv(connection, CHUNK)
                if not data:
                    _end(reading)
                reading.feed(data)
        except NotHttp as error:
            raise NoResponse(
                Outcome.FAILED if error.endless else Outcome.FOREIGN, str(error)
            ) from None
        except OSError as error:
            raise _judged_os(error) or NoResponse(Outcome.FAILED, "breaks off its answer") from None
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


def listens(found: SocketFile) -> bool:
    """Whether a listener takes a connection, which is closed without a word. Never waits."""
    with contextlib.suppress(NoResponse, OSError):
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


def _end(reading: ResponseParser) -> None:
    """Take the end of a connection into account. Raises Unanswered where it is too early."""
    if not reading.begun:
        raise NoResponse(Outcome.CLOSED, _SILENT)
    if not reading.end():
        raise NoResponse(Outcome.FAILED, "breaks off its answer")


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


def _open(found: SocketFile) -> int:
    """A handle on the very socket that was found, without connecting. Raises Unanswered."""
    try:
        handle = os.open(found.target, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _judged_os(error) or NoResponse(Outcome.MISSING, "cannot be seen") from None
    state = os.fstat(handle)
    if stat.S_ISSOCK(state.st_mode) and (state.st_dev, state.st_ino) == found.inode[:2]:
        return handle
    os.close(handle)
    raise NoResponse(Outcome.MISSING, "cannot be seen")


def _judged_os(error: OSError) -> NoResponse | None:
    """What a system's error means for the socket; None: its queue is full, try again."""
    number = error.errno or 0
    if number in _QUEUE_FULL:
        return None
    if number in _EXHAUSTED:
        return NoResponse(Outcome.UNSEEN, f"the scanner lacks resources: {os.strerror(number)}")
    unknown = (Outcome.FAILED, f"cannot be connected to: {os.strerror(number)}")
    return NoResponse(*_MEANING.get(number, unknown))
