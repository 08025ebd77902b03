"""Finds the socket file of a service on this machine's disk, and caches the result briefly."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hero_router.upstream.ignored_files import IgnoredFiles
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.path_text import from_base64, parse_readable
from hero_router.upstream.safe_connect import NoResponse, SocketAddress

KEPT_SECONDS = 1.0
"""How long an address is used without another look at the disk. A connection that fails looks at
once."""

MOST_KEPT = 1024
"""Maximum number of addresses that are remembered."""


class SocketFileResolver:
    """Finds socket files below one root; refuses symlinks that lead out of it.

    What the scanner ignores is not connected to either, whatever a record in Redis says: the
    sockets of other programs, and those that give power over the machine.
    """

    def __init__(
        self, root: Path, ignored: IgnoredFiles, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._root, self._ignored, self._clock = os.fsencode(root), ignored, clock
        self._known: dict[tuple[str, str], tuple[float, SocketAddress]] = {}

    def find(self, socket: Mapping[str, Any]) -> SocketAddress:
        """The address of a record's socket. Raises NoResponse if there is no such file."""
        key = _key(socket)
        known = self._known.get(key)
        now = self._clock()
        if known is not None and now - known[0] < KEPT_SECONDS:
            return known[1]
        self._known.pop(key, None)
        address = self._look(_raw_path(socket))
        if len(self._known) >= MOST_KEPT:
            del self._known[next(iter(self._known))]  # the one that was looked up first
        self._known[key] = now, address
        return address

    def forget(self, socket: Mapping[str, Any]) -> None:
        """Look at the disk next time: the socket was not as remembered."""
        self._known.pop(_key(socket), None)

    def _look(self, raw: bytes) -> SocketAddress:
        try:
            root = os.path.realpath(self._root, strict=True)
            path = os.path.realpath(root + b"/" + raw, strict=True)
            state = os.lstat(path)
        except (OSError, ValueError):
            raise NoResponse(Outcome.MISSING, "cannot be seen") from None
        if not path.startswith(root + b"/"):
            raise NoResponse(Outcome.MISSING, "lies outside of the socket folder")
        named = root + b"/" + raw
        if (why := self._ignored.reason_below(root, (named, path), state)) is not None:
            raise NoResponse(Outcome.MISSING, f"is not taken for a service: {why}")
        return SocketAddress(path, state.st_dev, state.st_ino)


def _key(socket: Mapping[str, Any]) -> tuple[str, str]:
    """What names a record's socket: the two texts from which its path is read."""
    return str(socket.get("raw_path") or ""), str(socket.get("path"))


def _raw_path(socket: Mapping[str, Any]) -> bytes:
    try:
        if encoded := socket.get("raw_path"):
            return from_base64(str(encoded))
        return parse_readable(str(socket.get("path")))
    except ValueError:
        raise NoResponse(Outcome.MISSING, "has no path that can be read") from None
