"""Finds the socket files in the socket folder; symlinks are followed only inside the folder.

A socket is `<service>.sock`, `<service>/<socket>.sock` or `<context>/<service>/<socket>.sock`. File
names stay bytes, as the kernel has them; `SocketFile.path` is the text for people.
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
from hero_router.sanitize import readable
from hero_router.upstream.ignored_files import (
    ASTRAY,
    LISTED,
    NOWHERE,
    SUFFIX,
    UNNAMED,
    Identity,
    IgnoredFiles,
    identities,
    stem,
)
from hero_router.upstream.path_text import to_base64
from hero_router.upstream.safe_connect import SocketAddress

log = logging.getLogger(__name__)

MAX_SOCKETS = 20_000
"""Maximum number of sockets of one walk: twice as many as a machine is expected to have."""
MAX_ENTRIES = 200_000
"""Maximum number of directory entries of one walk, so that a folder of junk cannot delay the
scanner long."""

GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Errors of an entry that was deleted since it was listed, or of a symlink without a target."""

RECOVERED = b"lost+found"
"""The folder that a file system has at its top: only the user root may read it; it is skipped."""


class Layout(IntEnum):
    """The layout of a socket's path; if several paths have one service name, the lowest wins."""

    FOLDER = 0
    """`<service>/<socket>.sock`"""
    CONTEXT = 1
    """`<context>/<service>/<socket>.sock`"""
    FLAT = 2
    """`<service>.sock`"""


@dataclass(frozen=True, slots=True)
class SocketFile:
    """A socket file in the socket folder; `context` and `service` are raw names.

    `identity` is device, inode and change time (ns): it changes if the socket is bound again.
    """

    raw: bytes
    """Path below the socket folder: the key of the socket."""
    real_path: bytes
    """Absolute path without symlinks, by which the scanner connects."""
    identity: tuple[int, int, int]
    layout: Layout
    context: bytes
    service: bytes

    def __hash__(self) -> int:
        return hash(self.raw)

    @property
    def address(self) -> SocketAddress:
        """The address by which `upstream` connects to this socket."""
        return SocketAddress(self.real_path, *self.identity[:2])

    @property
    def path(self) -> str:
        """The socket's path below the socket folder, as text."""
        return readable(self.raw)

    @property
    def state(self) -> SocketState:
        """The initial state of this socket: found, but not yet probed."""
        return SocketState(self.name, self.role, self.path, raw_path=to_base64(self.raw))

    @property
    def name(self) -> str:
        """The socket's name: its file name without `.sock`."""
        return readable(stem(_last(self.raw)))

    @property
    def role(self) -> str:
        """The socket's role: `rpc`, `admin`, `web_<name>` or `other`; `<service>.sock` is `rpc`."""
        name = "rpc" if self.layout is Layout.FLAT else self.name
        if name in ("admin", "ui"):
            return "admin"
        return name if name == "rpc" or (name.startswith("web_") and name != "web_") else "other"


@dataclass(frozen=True, slots=True)
class WalkResult:
    """The result of one walk: sockets, unreadable folders, ignored files.

    `unreadable` are the folders that could not be read, with the error number: paths below the
    socket folder, b"" for the socket folder itself. `truncated` says why the walk ended early.
    `ignored` are the files that are no services, with the reason.
    """

    sockets: tuple[SocketFile, ...] = ()
    unreadable: Mapping[bytes, int] = field(default_factory=dict)
    root: Identity | None = None
    """Device and inode of the socket folder: they change if it is replaced or remounted."""
    truncated: str | None = None
    ignored: Mapping[bytes, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Progress:
    """The findings of a walk until now."""

    root: bytes
    protected: frozenset[Identity]
    sockets: list[SocketFile] = field(default_factory=list)
    unreadable: dict[bytes, int] = field(default_factory=dict)
    ignored: dict[bytes, str] = field(default_factory=dict)
    entries: int = 0
    truncated: str | None = None


class Finder:
    """Walks a socket folder; skips names that match a pattern in `ignored`, and `own` sockets."""

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
        self._ignored_files = IgnoredFiles(ignored, own)
        self._ignored: Mapping[bytes, str] = {}
        self._known: Mapping[bytes, SocketFile] = {}
        """The sockets of the last walk: unchanged ones are not examined again."""

    def walk(self) -> WalkResult:
        """Walk the socket folder once. Blocks. Errors of the file system are part of the result."""
        root = os.path.realpath(os.fsencode(self._root))
        progress = _Progress(root, self._ignored_files.protected())
        self._enter(progress, b"", root)
        self._log_ignored(progress.ignored)
        identity = next(identities([root]), None)
        if identity is None:  # the socket folder was deleted during the walk
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
        """Walk one folder, given by its path below the socket folder and its absolute path."""
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
            if self._ignored_files.excludes_folder(entry.name):
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
        names = {stem(_last(raw)), stem(_last(target))}
        why = self._ignored_files.reason(names, state, progress.protected)
        if why is not None:
            progress.ignored[raw] = why
        else:
            progress.sockets.append(SocketFile(raw, target, identity, *_layout(raw)))

    def _log_ignored(self, ignored: Mapping[bytes, str]) -> None:
        """Log newly ignored files."""
        for raw, why in ignored.items():
            if self._ignored.get(raw) != why:
                log.debug("the scanner ignores the file %s: %s", readable(raw), why)
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
    """Layout, context and service of a socket, by its path below the socket folder."""
    parts = raw.split(b"/")
    if len(parts) == 1:
        return Layout.FLAT, b"default", stem(parts[0])
    if len(parts) == 2:
        return Layout.FOLDER, b"default", parts[0]
    return Layout.CONTEXT, parts[0], parts[1]


def _last(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def _is_socket(path: bytes) -> bool:
    return stat.S_ISSOCK(os.lstat(path).st_mode)
