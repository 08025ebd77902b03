"""Finds socket files below the root: three layouts in one tree, real sockets only, no way out.

Names are bytes all the way, as the kernel has them; `Found.path` is the text for people.
"""

import contextlib
import errno
import logging
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from pathlib import Path

from hero_router.model import readable

log = logging.getLogger(__name__)

SUFFIX = b".sock"
MAX_SOCKETS = 20_000
"""Most sockets of one walk: twice what a host is expected to hold."""
MAX_ENTRIES = 200_000
"""Most directory entries of one walk, so that a folder of junk cannot hold the scanner for long."""

DENIED_NAMES = frozenset(
    name + SUFFIX
    for name in (
        b"redis", b"redis-server", b"valkey", b"keydb",
        b"docker", b"dockerd", b"containerd", b"podman", b"crio", b"buildkitd",
        b"gunicorn", b"ssh-agent", b"gpg-agent", b"mysql", b"mysqld", b"mariadb",
    )
)  # fmt: skip
"""File names of programs that are never services and could be harmed by a stray request."""

DENIED_PLACES = (
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
)
"""Sockets that give power over the machine: known by inode, under whatever name they show up."""


class Layout(IntEnum):
    """Where a socket lies. The lower one wins when several claim one service name."""

    FOLDER = 0
    """`<service>/<socket>.sock`"""
    CONTEXT = 1
    """`<context>/<service>/<socket>.sock`"""
    FLAT = 2
    """`<service>.sock`"""


@dataclass(frozen=True, slots=True)
class Found:
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
class Walk:
    """What one walk saw. Under the folders in `blind` (paths below the root) it could not look."""

    found: tuple[Found, ...] = ()
    blind: frozenset[bytes] = frozenset()
    root: tuple[int, int] | None = None
    """Device and inode of the root: another one means that it was replaced or remounted."""
    error: str | None = None


@dataclass(slots=True)
class _Trace:
    """What one walk collects on its way."""

    root: bytes
    denied: frozenset[tuple[int, int]]
    found: list[Found] = field(default_factory=list)
    blind: dict[bytes, str] = field(default_factory=dict)
    ignored: dict[bytes, str] = field(default_factory=dict)
    entries: int = 0


class Finder:
    """Walks one root. `own` are sockets of the router itself, which are not services."""

    def __init__(
        self,
        root: Path,
        own: Iterable[Path] = (),
        *,
        max_sockets: int = MAX_SOCKETS,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        self._root, self._max_sockets, self._max_entries = root, max_sockets, max_entries
        self._protected = tuple(map(os.fspath, own)) + DENIED_PLACES
        self._ignored: Mapping[bytes, str] = {}

    def walk(self) -> Walk:
        """Look once. Blocks on the file system; never raises for what it finds there."""
        root = os.path.realpath(os.fsencode(self._root))
        trace = _Trace(root, frozenset(_identities(self._protected)))
        self._enter(trace, b"", root)
        self._tell_ignored(trace.ignored)
        found = sorted(trace.found, key=lambda item: item.raw)
        if len(found) > self._max_sockets:
            trace.blind[b""] = f"more than {self._max_sockets} sockets: the rest is not looked at"
        return Walk(
            found=tuple(found[: self._max_sockets]),
            blind=frozenset(trace.blind),
            root=next(_identities([root]), None),
            error=_error(trace.blind),
        )

    def _enter(self, trace: _Trace, folder: bytes, real: bytes) -> None:
        """Look into one folder (path below the root, and absolute), at most two levels deep."""
        try:
            entries = self._list(trace, real)
        except OSError as error:
            if folder == b"" or not isinstance(error, FileNotFoundError | NotADirectoryError):
                trace.blind[folder] = _unreadable(folder, error)
            return
        for entry in entries:
            raw = folder + b"/" + entry.name if folder else entry.name
            try:
                self._visit(trace, entry, raw, real)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.ELOOP):
                    trace.ignored[raw] = "gone, or a symlink that leads nowhere"
                else:
                    trace.blind[folder] = _unreadable(folder, error)

    def _list(self, trace: _Trace, real: bytes) -> list[os.DirEntry[bytes]]:
        left = self._max_entries - trace.entries
        with os.scandir(real) as listing:
            entries = list(islice(listing, left + 1))
        if len(entries) > left:
            trace.blind[b""] = f"more than {self._max_entries} files: the rest is not looked at"
            entries.pop()
        trace.entries += len(entries)
        return sorted(entries, key=lambda entry: entry.name)

    def _visit(self, trace: _Trace, entry: os.DirEntry[bytes], raw: bytes, folder: bytes) -> None:
        target = _target(trace.root, entry, folder)
        if target is None:
            trace.ignored[raw] = "symlink that leaves the root or goes back into its own folder"
        elif entry.name.endswith(SUFFIX) and entry.name != SUFFIX:
            self._judge(trace, raw, target)
        elif entry.is_dir() and raw.count(b"/") < 2:
            self._enter(trace, raw, target)

    @staticmethod
    def _judge(trace: _Trace, raw: bytes, target: bytes) -> None:
        """Note a `*.sock` entry as found, or why not. Nothing is opened: a FIFO would hang us."""
        state = os.lstat(target)
        names = {_last(raw).lower(), _last(target).lower()}
        if not stat.S_ISSOCK(state.st_mode):
            trace.ignored[raw] = "not a socket"
        elif names & DENIED_NAMES or (state.st_dev, state.st_ino) in trace.denied:
            trace.ignored[raw] = "not a service: the router's own or a protected socket"
        else:
            inode = (state.st_dev, state.st_ino, state.st_ctime_ns)
            trace.found.append(Found(raw, target, inode, *_place(raw)))

    def _tell_ignored(self, ignored: Mapping[bytes, str]) -> None:
        """One debug line for each entry, when it is first ignored."""
        for raw, why in ignored.items():
            if self._ignored.get(raw) != why:
                log.debug("ignored %s: %s", readable(raw), why)
        self._ignored = ignored


def unlink(found: Found) -> bool:
    """Delete a socket file if it is still the one that was found; whether it was deleted."""
    try:
        state = os.lstat(found.target)
        if (state.st_dev, state.st_ino, state.st_ctime_ns) != found.inode:
            return False
        Path(os.fsdecode(found.target)).unlink()
    except OSError as error:
        log.warning("cannot delete %s: %s", found.path, error.strerror)
        return False
    return True


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


def _identities(paths: Iterable[str | bytes]) -> Iterator[tuple[int, int]]:
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            state = Path(os.fsdecode(path)).stat()
            yield state.st_dev, state.st_ino


def _unreadable(folder: bytes, error: OSError) -> str:
    what = f"folder {readable(folder)}" if folder else "the root folder"
    return f"cannot read {what}: {error.strerror}"


def _error(blind: Mapping[bytes, str]) -> str | None:
    """One line for people, however many folders are unreadable."""
    texts = [blind[folder] for folder in sorted(blind)]
    more = f" (and {len(texts) - 1} more)" if len(texts) > 1 else ""
    return texts[0] + more if texts else None
