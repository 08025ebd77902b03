"""Finds the socket file of a record on this machine's disk, and remembers it for a moment."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hero_router.upstream.outcome import Outcome
from hero_router.upstream.path_text import from_base64, parse_readable
from hero_router.upstream.safe_connect import NoResponse, SocketAddress

KEPT_SECONDS = 1.0
"""How long an address is used without another look at the disk. A connection that fails looks at
once."""


class SocketLocator:
    """Addresses of the sockets below one root. Symlinks may lead around in it, not out of it."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._root, self._clock = os.fsencode(root), clock
        self._known: dict[bytes, tuple[float, SocketAddress]] = {}

    def find(self, socket: Mapping[str, Any]) -> SocketAddress:
        """The address of a record's socket. Raises NoResponse if there is no such file."""
        raw = _raw_path(socket)
        known = self._known.get(raw)
        now = self._clock()
        if known is not None and now - known[0] < KEPT_SECONDS:
            return known[1]
        address = self._look(raw)
        self._known[raw] = now, address
        return address

    def forget(self, socket: Mapping[str, Any]) -> None:
        """Look at the disk next time: the socket was not as remembered."""
        self._known.pop(_raw_path(socket), None)

    def _look(self, raw: bytes) -> SocketAddress:
        try:
            root = os.path.realpath(self._root, strict=True)
            path = os.path.realpath(root + b"/" + raw, strict=True)
            state = os.lstat(path)
        except (OSError, ValueError):
            raise NoResponse(Outcome.MISSING, "cannot be seen") from None
        if not path.startswith(root + b"/"):
            raise NoResponse(Outcome.MISSING, "lies outside of the socket folder")
        return SocketAddress(path, state.st_dev, state.st_ino)


def _raw_path(socket: Mapping[str, Any]) -> bytes:
    try:
        if encoded := socket.get("raw_path"):
            return from_base64(str(encoded))
        return parse_readable(str(socket.get("path")))
    except ValueError:
        raise NoResponse(Outcome.MISSING, "has no path that can be read") from None
