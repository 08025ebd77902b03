"""The socket files and folders that the sample services make, and take away again.

Whatever else lies in the root is left alone: a file, a symlink, a socket that somebody listens on.
"""

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self


class DemoSockets:
    """Socket files below one root; leaving the context removes all that was made."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[Path, tuple[int, int]] = {}
        self._folders: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for path, identity in self._files.items():
            with contextlib.suppress(OSError):
                if _identity(path) == identity:
                    path.unlink()
        for folder in reversed(self._folders):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def make_root(self) -> None:
        """Make the root where there is none. Raises OSError."""
        self._make(self._root)

    def bind(self, path: str) -> socket.socket:
        """A socket bound at `path` below the root, not listening yet; the caller closes it.

        A socket file that nobody listens on, as an earlier run may leave, is replaced.

        Raises:
            OSError: the place cannot be used; FileExistsError: something else is there.
        """
        place = self._root / path
        self._make(place.parent)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _shortened(place) as short:
                _clear(short)
                bound.bind(os.fspath(short))
            self._files[place] = _identity(place)
        except OSError:
            bound.close()
            raise
        return bound

    def _make(self, folder: Path) -> None:
        missing = [item for item in (folder, *folder.parents) if not item.exists()]
        for item in reversed(missing):
            item.mkdir()
            self._folders.append(item)


@contextmanager
def _shortened(place: Path) -> Iterator[Path]:
    """The same place by a path that fits in a socket address, which holds 107 bytes."""
    folder = os.open(place.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{folder}") / place.name
    finally:
        os.close(folder)


def _clear(place: Path) -> None:
    """Remove a stale socket. Raises FileExistsError where there is anything else."""
    try:
        mode = place.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "a file that is not a socket is there")
    if not _is_stale(place):
        raise FileExistsError(errno.EEXIST, "another program listens there")
    place.unlink()


def _is_stale(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.setblocking(False)
        try:
            caller.connect(os.fspath(place))
        except ConnectionRefusedError:
            return True
        except BlockingIOError:
            return False  # its queue is full, so somebody listens
    return False


def _identity(path: Path) -> tuple[int, int]:
    state = path.lstat()
    return state.st_dev, state.st_ino
