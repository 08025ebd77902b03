"""Deletes the files of sockets without a listener, but never a newer file at the same path."""

import contextlib
import logging
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping

from hero_router.scan.service_names import DiscoveredService
from hero_router.scan.tracked_state import TrackedService
from hero_router.scan.walk import SocketFile

log = logging.getLogger(__name__)


def unlink_stale(
    services: Iterable[DiscoveredService],
    before: Mapping[str, TrackedService],
    after: Mapping[str, TrackedService],
) -> None:
    """Delete the files of sockets that are `stale` in `after` and were not in `before`. Blocks."""
    for service in services:
        known = before.get(service.id, TrackedService()).sockets
        for file in service.sockets:
            was_stale = file.raw in known and known[file.raw].stale
            is_stale = after[service.id].sockets[file.raw].stale
            if is_stale and not was_stale and unlink(file):
                log.info("deleted the socket file %s: nothing listens on it any more", file.path)


def unlink(file: SocketFile) -> bool:
    """Delete a socket file, if it is still the file that the walk found; True if it was deleted.

    Folder and file are held open meanwhile, so that the path cannot lead to another folder, and no
    new file can get the old inode. The file is renamed before it is deleted. If the renamed file is
    another one, made just before, it is renamed back: it was missing for some microseconds, and its
    connections stay.
    """
    if not hasattr(os, "O_PATH"):
        log.warning(
            "the socket file %s, on which nothing listens, is not deleted: this system cannot "
            "make sure that no newer file is deleted in its place",
            file.path,
        )
        return False
    folder, _, name = file.real_path.rpartition(b"/")
    try:
        with _folder(folder) as parent, _entry(name, parent) as handle:
            return _is_same(handle, file) and _deleted(name, parent, handle)
    except OSError as error:
        log.warning(
            "the socket file %s, on which nothing listens, cannot be deleted: %s",
            file.path,
            error.strerror,
        )
        return False


@contextlib.contextmanager
def _folder(path: bytes) -> Iterator[int]:
    """Open the folder at a path without symlinks. Raises OSError if there is a symlink by now."""
    parent = os.open(b"/", _flags())
    try:
        for part in filter(None, path.split(b"/")):
            above, parent = parent, os.open(part, _flags(), dir_fd=parent)
            os.close(above)
        yield parent
    finally:
        os.close(parent)


@contextlib.contextmanager
def _entry(name: bytes, parent: int) -> Iterator[int]:
    """Open an entry of a folder, for stat only. Raises OSError."""
    handle = os.open(name, _flags(), dir_fd=parent)
    try:
        yield handle
    finally:
        os.close(handle)


def _flags() -> int:
    """Flags of `os.open` for a descriptor that neither reads the file nor follows a symlink."""
    return os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def _is_same(handle: int, file: SocketFile) -> bool:
    state = os.fstat(handle)
    return (state.st_dev, state.st_ino, state.st_ctime_ns) == file.identity


def _deleted(name: bytes, parent: int, handle: int) -> bool:
    aside = f".hero_router-{secrets.token_hex(8)}".encode()
    os.rename(name, aside, src_dir_fd=parent, dst_dir_fd=parent)
    if not os.path.samestat(os.stat(aside, dir_fd=parent, follow_symlinks=False), os.fstat(handle)):
        os.rename(aside, name, src_dir_fd=parent, dst_dir_fd=parent)
        return False
    os.unlink(aside, dir_fd=parent)
    return True
