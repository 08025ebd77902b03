"""Deletes the files of stale sockets: those very files, in those very folders, and no others."""

import contextlib
import logging
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping

from hero_router.scan.diff import TrackedService
from hero_router.scan.naming import DiscoveredService
from hero_router.scan.sockets import SocketFile

log = logging.getLogger(__name__)


def unlink_stale(
    seen: Iterable[DiscoveredService],
    before: Mapping[str, TrackedService],
    after: Mapping[str, TrackedService],
) -> None:
    """Delete the files of the sockets that have just become stale. Blocks on the file system."""
    for item in seen:
        known = before.get(item.id, TrackedService()).sockets
        for found in item.sockets:
            was = found.raw in known and known[found.raw].stale
            if after[item.id].sockets[found.raw].stale and not was and unlink(found):
                log.info("deleted stale socket %s", found.path)


def unlink(found: SocketFile) -> bool:
    """Delete a socket file if it is still the one that was found; whether it was deleted.

    Folder and file are held open meanwhile: nobody can lead the deletion elsewhere, and no new file
    can have the old one's inode. The file is renamed before it is deleted: should another one take
    its place between the last look and the renaming, that one is put back. It is then missing for
    some microseconds, of which those who are connected notice nothing.
    """
    folder, _, name = found.target.rpartition(b"/")
    try:
        with _folder(folder) as place, _held(name, place) as file:
            return _is_found(file, found) and _deleted(name, place, file)
    except OSError as error:
        log.warning("cannot delete %s: %s", found.path, error.strerror)
        return False


@contextlib.contextmanager
def _folder(path: bytes) -> Iterator[int]:
    """The folder at a path without symlinks. Raises OSError where there is one by now."""
    place = os.open(b"/", _flags())
    try:
        for part in filter(None, path.split(b"/")):
            above, place = place, os.open(part, _flags(), dir_fd=place)
            os.close(above)
        yield place
    finally:
        os.close(place)


@contextlib.contextmanager
def _held(name: bytes, place: int) -> Iterator[int]:
    """A handle on an entry of a folder. Raises OSError."""
    handle = os.open(name, _flags(), dir_fd=place)
    try:
        yield handle
    finally:
        os.close(handle)


def _flags() -> int:
    """Neither opened nor followed: of a symlink it is the link, from which no path leads on."""
    return os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def _is_found(file: int, found: SocketFile) -> bool:
    state = os.fstat(file)
    return (state.st_dev, state.st_ino, state.st_ctime_ns) == found.inode


def _deleted(name: bytes, place: int, file: int) -> bool:
    aside = f".hero_router-{secrets.token_hex(8)}".encode()
    os.rename(name, aside, src_dir_fd=place, dst_dir_fd=place)
    if not os.path.samestat(os.stat(aside, dir_fd=place, follow_symlinks=False), os.fstat(file)):
        os.rename(aside, name, src_dir_fd=place, dst_dir_fd=place)
        return False
    os.unlink(aside, dir_fd=place)
    return True
