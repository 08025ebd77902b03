"""Connects to a service's Unix socket, but only if it is still the file that was found before.

On Linux the file is opened first, and the connection is made through the file descriptor. So a path
has no length limit, a symlink at the path is not followed, and another file at the path is refused.
"""

import asyncio
import contextlib
import errno
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hero_router.backoff import Backoff
from hero_router.errors import RouterError
from hero_router.upstream.outcome import NO_PERMISSION, Outcome

BUSY_SECONDS, BUSY_MOST_SECONDS = 0.01, 0.25
"""Pause before a listener whose queue was full is tried again, at first and at most."""

_QUEUE_FULL = frozenset({errno.EAGAIN})
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
SILENT = "closes the connection without an answer"
TOO_LONG = "has a path that is too long for this system to connect to"
UNSEEN = "cannot be seen"
_MEANING = {
    errno.ECONNREFUSED: (Outcome.REFUSED, "nothing listens"),
    errno.ECONNRESET: (Outcome.CLOSED, SILENT),
    errno.EPIPE: (Outcome.CLOSED, SILENT),
    errno.EPROTOTYPE: (Outcome.FOREIGN, "is not a stream socket"),
    errno.ENOENT: (Outcome.MISSING, UNSEEN),
    errno.EACCES: (Outcome.DENIED, NO_PERMISSION),
    errno.EPERM: (Outcome.DENIED, NO_PERMISSION),
}


class SocketAddress(NamedTuple):
    """A socket file to connect to: its absolute path without symlinks, its device and inode."""

    path: bytes
    device: int
    inode: int

    @property
    def identity(self) -> object:
        """What two addresses of the same socket file have in common."""
        return self.device, self.inode


class NoResponse(RouterError):
    """A request to a socket got no HTTP answer; `outcome` says why."""

    code = "unanswered"

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


DESCRIPTORS = Path("/proc/self/fd")
"""Where Linux gives a path to each open file of this process."""


class SocketHandle:
    """An open handle of one socket file, without a connection yet.

    Linux holds it open: through the descriptor the path has no length limit and cannot be swapped.
    Elsewhere the path is checked before and after each connection.
    """

    def __init__(self, address: SocketAddress) -> None:
        """Raises NoResponse if another file, or none, is there now."""
        self._address = address
        self._handle = _open(address) if hasattr(os, "O_PATH") and DESCRIPTORS.is_dir() else None
        try:
            self._check()
        except NoResponse:
            self.close()
            raise

    def connect(self) -> socket.socket:
        """Connect without waiting.

        Raises OSError, where EAGAIN means that the listener's queue is full, or NoResponse.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            if self._handle is not None:
                connection.connect(f"{DESCRIPTORS}/{self._handle}")
            else:
                self._connect_by_path(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the handle; its connections stay open."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _connect_by_path(self, connection: socket.socket) -> None:
        self._check()
        try:
            connection.connect(self._address.path)
        except OSError as error:
            if error.errno is None:  # Python's own check of the length
                raise NoResponse(Outcome.FAILED, TOO_LONG) from None
            raise
        self._check()

    def _check(self) -> None:
        """Raises NoResponse if it is not the file that was found."""
        try:
            handle = self._handle
            state = os.lstat(self._address.path) if handle is None else os.fstat(handle)
        except OSError as error:
            raise os_failure(error) or NoResponse(Outcome.MISSING, UNSEEN) from None
        identity = (state.st_dev, state.st_ino)
        if not stat.S_ISSOCK(state.st_mode) or identity != self._address[1:]:
            raise NoResponse(Outcome.MISSING, UNSEEN)


async def connect_when_free(
    file: SocketHandle, on_busy: Callable[[], None] = lambda: None
) -> socket.socket:
    """Connect as soon as the listener's queue has room; the caller limits the time.

    `on_busy` is called each time that the queue is full.

    Raises:
        NoResponse: nothing listens, we may not connect, or the file is another one by now.
    """
    backoff = Backoff(BUSY_SECONDS, BUSY_MOST_SECONDS)
    while True:
        try:
            return file.connect()
        except OSError as error:
            if failure := os_failure(error):
                raise failure from None
        on_busy()
        await asyncio.sleep(backoff.failed())


def listens(address: SocketAddress) -> bool:
    """Whether a process listens: connects without waiting, and closes at once."""
    with (
        contextlib.suppress(NoResponse, OSError),
        contextlib.closing(SocketHandle(address)) as file,
    ):
        file.connect().close()
        return True
    return False


def _open(address: SocketAddress) -> int:
    try:
        return os.open(address.path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise os_failure(error) or NoResponse(Outcome.MISSING, UNSEEN) from None


def os_failure(error: OSError) -> NoResponse | None:
    """The failure that a system error means; None if the queue is full, so that a retry helps."""
    number = error.errno or 0
    if number in _QUEUE_FULL:
        return None
    if number in _EXHAUSTED:
        return NoResponse(
            Outcome.UNSEEN, f"this process has too few resources to connect: {os.strerror(number)}"
        )
    unknown = (Outcome.FAILED, f"cannot be connected to: {os.strerror(number)}")
    return NoResponse(*_MEANING.get(number, unknown))
