"""Asks the kernel which socket files have a listener, instead of connecting to each file.

Linux answers over netlink (`sock_diag`, which `ss` uses too) for the sockets of our own network
namespace. A socket file that is not in the answer may have a listener too: only a connection shows
whether it has one.
"""

import os
import socket
import struct
from collections.abc import Iterator

from hero_router.upstream.safe_connect import SocketAddress

NETLINK_SOCK_DIAG = 4
_DIAG_BY_FAMILY, _ERROR, _DONE = 20, 2, 3
_DUMP_REQUEST = 0x301
_LISTENING = 1 << 10
_SHOW_FILE_AND_QUEUE = 0x2 | 0x10
_FILE, _QUEUE = (12, 1), (12, 4)
"""Length and type of the attributes file and queue."""
_HEADER = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBHIIIII")
_LISTENER = struct.Struct("=16x16xHHIIHHII")
"""Header, `unix_diag_msg`, then the attributes file (inode, device) and queue (waiting, most)."""
_BUFFER = 256 * 1024
_SECONDS = 1.0
"""Longest wait for a message of the kernel."""


class Listeners:
    """The socket files that had a listener, with room in its queue, when the kernel was asked."""

    def __init__(self, files: frozenset[tuple[int, int]] = frozenset()) -> None:
        self._files = files

    @classmethod
    def read(cls) -> "Listeners":
        """Ask the kernel for all listeners; empty if it does not answer. Blocks for some ms."""
        if not hasattr(socket, "AF_NETLINK"):  # not Linux
            return cls()
        try:
            return cls(frozenset(_ask()))
        except (OSError, struct.error):
            return cls()

    def __contains__(self, address: SocketAddress) -> bool:
        return (address.device, address.inode) in self._files


def _ask() -> Iterator[tuple[int, int]]:
    """Device and inode of each listener that can accept one more connection. Raises OSError."""
    question = _QUESTION.pack(socket.AF_UNIX, 0, 0, _LISTENING, 0, _SHOW_FILE_AND_QUEUE, 0, 0)
    size = _HEADER.size + len(question)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(_SECONDS)
        kernel.send(_HEADER.pack(size, _DIAG_BY_FAMILY, _DUMP_REQUEST, 1, 0) + question)
        while True:
            part = kernel.recv(_BUFFER)
            for kind, start in _messages(part):
                if kind in (_ERROR, _DONE):
                    return
                yield from _with_room(part, start)


def _messages(part: bytes) -> Iterator[tuple[int, int]]:
    """The type of each netlink message in `part`, and the offset of its first byte."""
    start = 0
    while start < len(part):
        size, kind, *_ = _HEADER.unpack_from(part, start)
        yield kind, start
        start += max(size + 3 & ~3, _HEADER.size)


def _with_room(part: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Device and inode of one listener's file, if the listener has a file and room in its queue.

    A message with another layout, such as that for a socket without a file, is skipped.
    """
    if start + _LISTENER.size <= len(part):
        *file, inode, device, length, name, waiting, most = _LISTENER.unpack_from(part, start)
        if (*file,) == _FILE and (length, name) == _QUEUE and waiting <= most:
            # The kernel's own form of a device number, not that of stat.
            yield os.makedev(device >> 20, device & 0xFFFFF), inode
