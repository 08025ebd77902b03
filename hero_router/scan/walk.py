"""Walks the root and finds the socket files in it: three layouts, and no way out of the root.

Names stay bytes, as the kernel has them; `SocketFile.path` is the text for people.
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

from hero_router.model import SocketState
from hero_router.scan.exclusions import (
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
from hero_router.upstream.path_encoding import to_base64

log = logging.getLogger(__name__)

SUFFIX = b".sock"
MAX_SOCKETS = 20_000
"""Most sockets of one walk: twice as many as a host is expected to have."""
MAX_ENTRIES = 200_000
"""Most directory entries of one walk, so that a folder of junk cannot hold the scanner for long."""

GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Errors of an entry that has gone since it was listed, or of a symlink that leads nowhere."""

RECOVERED = b"lost+found"
"""The folder that a file system has at its top: only root may read it, and it holds no service."""


class Layout(IntEnum):
    """Where a socket lies. The lower value wins when several places claim one service name."""

    FOLDER = 0
    """`<service>/<socket>.sock`"""
    CONTEXT = 1
    """`<context>/<service>/<socket>.sock`"""
    FLAT = 2
    """`<service>.sock`"""


@dataclass(frozen=True, slots=True)
class SocketFile:
    """One socket file; `context` and `service` are raw names.

    `identity` is device, inode and change time (ns): a file that was bound anew has another one.
    """

    raw: bytes
    """Path below the root: the key of the socket."""
    real_path: bytes
    """Absolute path without symlinks: the one to connect to."""
    identity: tuple[int, int, int]
    layout: Layout
    context: bytes
    service: bytes

    def __hash__(self) -> int:
        return hash(self.raw)

    @property
    def address(self) -> SocketAddress:
        """The file to connect to, safely."""
        return SocketAddress(self.real_path, *self.identity[:2])

    @property
    def path(self) -> str:
        """Path below the root as text."""
        return readable(self.raw)

    @property
    def state(self) -> SocketState:
        """The state of this socket before anything is known of it."""
        return SocketState(self.name, self.role, self.path, raw_path=to_base64(self.raw))

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

    `unreadable` are the folders that it could not read (paths below the root; b"" is the root
    itself), each with the error number. `truncated` says why it ended early. `ignored` are the
    files that are no services, each with the reason.
    """

    sockets: tuple[SocketFile, ...] = ()
    unreadable: Mapping[bytes, int] = field(default_factory=dict)
    root: Identity | None = None
    """Device and inode of the root: they change if it is replaced or remounted."""
    truncated: str | None = None
    ignored: Mapping[bytes, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Progress:
    """What one walk has collected so far."""

    root: bytes
    protected: frozenset[Identity]
    sockets: list[SocketFile] = field(default_factory=list)
    unreadable: dict[bytes, int] = field(default_factory=dict)
    ignored: dict[bytes, str] = field(default_factory=dict)
    entries: int = 0
    truncated: str | None = None


class Finder:
    """Walks one root; skips names that match a pattern of `ignored`, and its `own` sockets."""

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
        self._known: Mapping[bytes, SocketFile] = {}
        """The sockets of the last walk: one that is unchanged need not be examined again."""

    def walk(self) -> WalkResult:
        """Walk the root once. Blocks; raises nothing that the file system could cause."""
        root = os.path.realpath(os.fsencode(self._root))
        progress = _Progress(root, self._exclusions.protected())
        self._enter(progress, b"", root)
        self._log_ignored(progress.ignored)
        identity = next(identities([root]), None)
        if identity is None:  # the root went away during the walk
            progress.unreadable.setdefault(b"", errno.ENOENT)
        found = sorted(progress.sockets, key=lambda file: file.raw)
        self._known = {file.raw: file for file in found}
        if len(found) > self._max_sockets:
            progress.truncated = f"it has more than {self._max_sockets} sockets"
        return WalkResult(
            sockets=tuple(found[: self._max_sockets]),
            unreadable=progress.unreadable,
            root=identity,
            truncated=progress.truncated,
            ignored=progress.ignored,
        )

    def _enter(self, progress: _Progress, folder: bytes, real: bytes) -> None:
        """Look into one folder (path below the root, and absolute), at most two levels deep."""
        try:
            entries = self._list(progress, real)
        except OSError as error:
            if folder == b"" or error.errno not in GONE:
                progress.unreadable[folder] = error.errno or errno.EIO
            return
        for entry in entries:
            raw = folder + b"/" + entry.name if folder else entry.name
            try:
                self._visit(progress, entry, raw, real)
            except OSError as error:
                if error.errno not in GONE:
                    progress.unreadable[folder] = error.errno or errno.EIO
                elif entry.is_symlink() and entry.name.endswith(SUFFIX):
                    progress.ignored[raw] = NOWHERE

    def _list(self, progress: _Progress, real: bytes) -> list[os.DirEntry[bytes]]:
        left = self._max_entries - progress.entries
        with os.scandir(real) as listing:
            entries = list(islice(listing, left + 1))
        if len(entries) > left:
            progress.truncated = f"it has more than {self._max_entries} files"
            entries.pop()
        progress.entries += len(entries)
        return sorted(entries, key=lambda entry: entry.name)

    def _visit(
        self, progress: _Progress, entry: os.DirEntry[bytes], raw: bytes, folder: bytes
    ) -> None:
        named = entry.name.endswith(SUFFIX) and entry.name != SUFFIX
        target = _target(progress.root, entry, folder)
        if target is None:
            if named or entry.is_dir():
                progress.ignored[raw] = ASTRAY
        elif named:
            self._examine(progress, raw, target)
        elif entry.is_dir():
            if self._exclusions.excludes_folder(entry.name):
                progress.ignored[raw] = LISTED
            elif raw.count(b"/") < 2 and raw != RECOVERED:
                self._enter(progress, raw, target)
        elif not entry.is_symlink() and not entry.is_file() and _is_socket(target):
            progress.ignored[raw] = UNNAMED

    def _examine(self, progress: _Progress, raw: bytes, target: bytes) -> None:
        """Note a `*.sock` entry as a socket or as ignored. Opens nothing: a FIFO could block."""
        state = os.lstat(target)
        identity = (state.st_dev, state.st_ino, state.st_ctime_ns)
        known = self._known.get(raw)
        if (
            known is not None
            and (known.identity, known.real_path) == (identity, target)
            and identity[:2] not in progress.protected
        ):
            progress.sockets.append(known)
            return
        names = {_stem(_last(raw)), _stem(_last(target))}
        why = self._exclusions.reason(names, state, progress.protected)
        if why is not None:
            progress.ignored[raw] = why
        else:
            progress.sockets.append(SocketFile(raw, target, identity, *_layout(raw)))

    def _log_ignored(self, ignored: Mapping[bytes, str]) -> None:
        """Log each entry once, when it is first ignored."""
        for raw, why in ignored.items():
            if self._ignored.get(raw) != why:
                log.debug("the file %s is not taken for a service: %s", readable(raw), why)
        self._ignored = ignored


def _target(root: bytes, entry: os.DirEntry[bytes], folder: bytes) -> bytes | None:
    """The entry's absolute path without symlinks; None for a symlink that must not be followed."""
    path = folder + b"/" + entry.name
    if not entry.is_symlink():
        return path
    target = os.path.realpath(path, strict=True)
    inside = target.startswith(root.rstrip(b"/") + b"/")
    return target if inside and not path.startswith(target + b"/") else None


def _layout(raw: bytes) -> tuple[Layout, bytes, bytes]:
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
