"""Connects to a service's Unix socket safely: only to the very socket file that the scanner found.

The file is opened first, and the connection is made through the file descriptor. So a path has no
length limit, a symlink at the path is not followed, and another file at the path is refused.
"""

import contextlib
import errno
import os
import socket
import stat
from typing import NamedTuple

from hero_router.errors import RouterError
from hero_router.upstream.outcome import NO_PERMISSION, Outcome

_QUEUE_FULL = frozenset({errno.EAGAIN})
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
SILENT = "closes the connection without an answer"
_MEANING = {
    errno.ECONNREFUSED: (Outcome.REFUSED, "nothing listens"),
    errno.ECONNRESET: (Outcome.CLOSED, SILENT),
    errno.EPIPE: (Outcome.CLOSED, SILENT),
    errno.EPROTOTYPE: (Outcome.FOREIGN, "is not a stream socket"),
    errno.ENOENT: (Outcome.MISSING, "cannot be seen"),
    errno.EACCES: (Outcome.DENIED, NO_PERMISSION),
    errno.EPERM: (Outcome.DENIED, NO_PERMISSION),
}


class SocketAddress(NamedTuple):
    """A socket file to connect to: its absolute path without symlinks, its device and inode."""

    path: bytes
    device: int
    inode: int


class NoResponse(RouterError):
    """A request to a socket got no HTTP answer; `outcome` says why."""

    code = "unanswered"

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


def listens(address: SocketAddress) -> bool:
    """Whether a socket file has a listener: connects without waiting, and closes at once."""
    with contextlib.suppress(NoResponse, OSError):
        handle = open_socket(address)
        try:
            connect(handle).close()
        finally:
            os.close(handle)
        return True
    return False


def connect(handle: int) -> socket.socket:
    """Connect to the opened socket file `handle` without waiting. Raises OSError.

    EAGAIN means that the listener's queue is full.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        # Through the descriptor the path has no length limit and cannot be swapped meanwhile.
        connection.connect(f"/proc/self/fd/{handle}")
    except BaseException:
        connection.close()
        raise
    return connection


def open_socket(address: SocketAddress) -> int:
    """Open a socket file without connecting; returns the file descriptor. Raises NoResponse."""
    try:
        handle = os.open(address.path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise os_failure(error) or NoResponse(Outcome.MISSING, "cannot be seen") from None
    state = os.fstat(handle)
    if stat.S_ISSOCK(state.st_mode) and (state.st_dev, state.st_ino) == (
        address.device,
        address.inode,
    ):
        return handle
    os.close(handle)
    raise NoResponse(Outcome.MISSING, "cannot be seen")


def os_failure(error: OSError) -> NoResponse | None:
    """The failure that a system error means; None if the queue is full, so that a retry helps."""
    number = error.errno or 0
    if number in _QUEUE_FULL:
        return None
    if number in _EXHAUSTED:
        return NoResponse(Outcome.UNSEEN, f"the scanner lacks resources: {os.strerror(number)}")
    unknown = (Outcome.FAILED, f"cannot be connected to: {os.strerror(number)}")
    return NoResponse(*_MEANING.get(number, unknown))
