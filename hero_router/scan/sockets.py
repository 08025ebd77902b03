"""Finds socket files below the root: three layouts in one tree, real sockets only, no way out.

Names are bytes all the way, as the kernel has them; `Found.path` is the text for people.
"""

import errno
import logging
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from pathlib import Path

from hero_router.scan.ignored import (
    ASTRAY,
    LISTED,
    NOWHERE,
    UNNAMED,
    Exclusions,
    Identity,
    identities,
)
from hero_router.text import readable
from hero_router.upstream.connect import SocketAddress

log = logging.getLogger(__name__)

SUFFIX = b".sock"
MAX_SOCKETS = 20_000
"""Most sockets of one walk: twice what a host is expected to hold."""
MAX_ENTRIES = 200_000
"""Most directory entries of one walk, so that a folder of junk cannot hold the scanner for long."""

GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""What was listed is no longer there, or was a symlink that leads nowhere."""

RECOVERED = b"lost+found"
"""A file system's own folder at its top: only root may read it, and no service lies there."""


class Layout(IntEnum):
    """Where a socket lies. The lower one wins when several claim one service name."""

    FOLDER = 0
    """`<service>/<socket>.sock`"""
    CONTEXT = 1
    """`<context>/<service>/<socket>.sock`"""
    FLAT = 2
    """`<service>.sock`"""


@dataclass(frozen=True, slots=True)
class SocketFile:
    """One socket file; `context` and `service` are raw names; `inode` is device, number, ctime."""

    raw: bytes
    """Path below the root; the key of the socket."""
    target: bytes
    """Absolute path without symlinks; what is connected to."""
    inode: tuple[int, int, int]
    layout: Layout
    context: bytes
    service: bytes

    @property
    def address(self) -> SocketAddress:
        """What is connected to."""
        return SocketAddress(self.target, *self.inode[:2])

    @property
    def path(self) -> str:
        """Path below the root as text."""
        return readable(self.raw)

    @property
    def name(self) -> str:
        """The socket's name: its file name without `.sock`."""
        return readable(_stem(_last(self.raw)))

    @property
    def role(self) -> str:
        """`rpc`, `admin`, `web_<name>` or `other`. A flat socket is its service's `rpc` socket."""
        name = "rpc" if self.layout is Layout.FLAT else self.name
        if name in ("admin", "ui"):
            return "admin"
        return name if name == "rpc" or (name.startswith("web_") and name != "web_") else "other"


@dataclass(frozen=True, slots=True)
class WalkResult:
    """What one walk saw.

    `blind` are the folders that it could not read (paths below the root; b"" is the root itself),
    each with the error number. `cut` says why it ended early. `ignored` says of what is no service
    why it is none.
    """

    found: tuple[SocketFile, ...] = ()
    blind: Mapping[bytes, int] = field(default_factory=dict)
    root: Identity | None = None
    """Another one means that the root was replaced or remounted."""
    cut: str | None = None
    ignored: Mapping[bytes, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Trace:
    """What one walk collects on its way."""

    root: bytes
    protected: frozenset[Identity]
    found: list[SocketFile] = field(default_factory=list)
    blind: dict[bytes, int] = field(default_factory=dict)
    ignored: dict[bytes, str] = field(default_factory=dict)
    entries: int = 0
    cut: str | None = None


class Finder:
    """Walks one root. What is `ignored` (patterns of file names) or the router's `own` is none."""

    def __init__(
        self,
        root: Path,
        ignored: Sequence[str] = (),
        own: Iterable[Path] = (),
        *,
        max_sockets: int = MAX_SOCKETS,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        self._root, self._max_sockets, self._max_entries = root, max_sockets, max_entries
        self._exclusions = Exclusions(ignored, own)
        self._ignored: Mapping[bytes, str] = {}

    def walk(self) -> WalkResult:
        """Look once. Blocks on the file system; never raises for what it finds there."""
        root = os.path.realpath(os.fsencode(self._root))
        trace = _Trace(root, self._exclusions.protected())
        self._enter(trace, b"", root)
        self._tell_ignored(trace.ignored)
        identity = next(identities([root]), None)
        if identity is None:  # it went while it was walked
            trace.blind.setdefault(b"", errno.ENOENT)
        found = sorted(trace.found, key=lambda item: item.raw)
        if len(found) > self._max_sockets:
            trace.cut = f"it has more than {self._max_sockets} sockets"
        return WalkResult(
            found=tuple(found[: self._max_sockets]),
            blind=trace.blind,
            root=identity,
            cut=trace.cut,
            ignored=trace.ignored,
        )

    def _enter(self, trace: _Trace, folder: bytes, real: bytes) -> None:
        """Look into one folder (path below the root, and absolute), at most two levels deep."""
        try:
            entries = self._list(trace, real)
        except OSError as error:
            if folder == b"" or error.errno not in GONE:
                trace.blind[folder] = error.errno or errno.EIO
            return
        for entry in entries:
            raw = folder + b"/" + entry.name if folder else entry.name
            try:
                self._visit(trace, entry, raw, real)
            except OSError as error:
                if error.errno not in GONE:
                    trace.blind[folder] = error.errno or errno.EIO
                elif entry.is_symlink() and entry.name.endswith(SUFFIX):
                    trace.ignored[raw] = NOWHERE

    def _list(self, trace: _Trace, real: bytes) -> list[os.DirEntry[bytes]]:
        left = self._max_entries - trace.entries
        with os.scandir(real) as listing:
            entries = list(islice(listing, left + 1))
        if len(entries) > left:
            trace.cut = f"it has more than {self._max_entries} files"
            entries.pop()
        trace.entries += len(entries)
        return sorted(entries, key=lambda entry: entry.name)

    def _visit(self, trace: _Trace, entry: os.DirEntry[bytes], raw: bytes, folder: bytes) -> None:
        named = entry.name.endswith(SUFFIX) and entry.name != SUFFIX
        target = _target(trace.root, entry, folder)
        if target is None:
            if named or entry.is_dir():
                trace.ignored[raw] = ASTRAY
        elif named:
            self._judge(trace, raw, target)
        elif entry.is_dir():
            if self._exclusions.shuts(entry.name):
                trace.ignored[raw] = LISTED
            elif raw.count(b"/") < 2 and raw != RECOVERED:
                self._enter(trace, raw, target)
        elif not entry.is_symlink() and not entry.is_file() and _is_socket(target):
            trace.ignored[raw] = UNNAMED

    def _judge(self, trace: _Trace, raw: bytes, target: bytes) -> None:
        """Note a `*.sock` entry as found, or why not. Nothing is opened: a FIFO would hang us."""
        state = os.lstat(target)
        names = {_stem(_last(raw)), _stem(_last(target))}
        why = self._exclusions.why(names, state, trace.protected)
        if why is not None:
            trace.ignored[raw] = why
        else:
            inode = (state.st_dev, state.st_ino, state.st_ctime_ns)
            trace.found.append(SocketFile(raw, target, inode, *_place(raw)))

    def _tell_ignored(self, ignored: Mapping[bytes, str]) -> None:
        """One debug line for each entry, when it is first ignored."""
        for raw, why in ignored.items():
            if self._ignored.get(raw) != why:
                log.debug("ignored %s: %s", readable(raw), why)
        self._ignored = ignored


def _target(root: bytes, entry: os.DirEntry[bytes], folder: bytes) -> bytes | None:
    """The entry's absolute path without symlinks; None where a symlink must not be followed."""
    path = folder + b"/" + entry.name
    if not entry.is_symlink():
        return path
    target = os.path.realpath(path, strict=True)
    inside = target.startswith(root.rstrip(b"/") + b"/")
    return target if inside and not path.startswith(target + b"/") else None


def _place(raw: bytes) -> tuple[Layout, bytes, bytes]:
    """Layout, context and service of a socket's path below the root."""
    parts = raw.split(b"/")
    if len(parts) == 1:
        return Layout.FLAT, b"default", _stem(parts[0])
    if len(parts) == 2:
        return Layout.FOLDER, b"default", parts[0]
    return Layout.CONTEXT, parts[0], parts[1]


def _last(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def _stem(name: bytes) -> bytes:
    return name.removesuffix(SUFFIX)


def _is_socket(path: bytes) -> bool:
    return stat.S_ISSOCK(os.lstat(path).st_mode)
