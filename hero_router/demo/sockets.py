"""Makes the socket files and folders of the sample services, and removes them at the end.

All other entries of the socket folder stay: files, symlinks, sockets with a listener.
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

DESCRIPTORS = Path("/proc/self/fd")
"""Where Linux gives a path to each open file of this process."""


class DemoSockets:
    """Makes sample sockets in the socket folder; leaving the context deletes their files."""

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
        """Make the socket folder if it does not exist. Raises OSError."""
        self._make(self._root)

    def bind(self, path: str) -> socket.socket:
        """Make a socket bound at `path` below the socket folder; the caller listens and closes.

        A socket file without a listener, which an earlier run may have left, is replaced.

        Raises:
            FileExistsError: another file or a socket with a listener has this path.
            OSError: the path cannot be used.
        """
        file = self._root / path
        self._make(file.parent)
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _shortened(file) as short:
                _clear(short)
                bound.bind(os.fspath(short))
            self._files[file] = _identity(file)
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
def _shortened(path: Path) -> Iterator[Path]:
    """The same file by a path that fits in a socket address, which holds 107 bytes.

    Only Linux has one; elsewhere the path itself must fit.
    """
    if not (hasattr(os, "O_PATH") and DESCRIPTORS.is_dir()):
        yield path
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield DESCRIPTORS / str(folder) / path.name
    finally:
        os.close(folder)


def _clear(path: Path) -> None:
    """Delete a socket file without a listener. Raises FileExistsError for any other file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "a file that is not a socket is there")
    if not _is_stale(path):
        raise FileExistsError(errno.EEXIST, "another program listens there")
    path.unlink()


def _is_stale(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.setblocking(False)
        try:
            caller.connect(os.fspath(path))
        except ConnectionRefusedError:
            return True
        except BlockingIOError:
            return False  # its queue is full, so it has a listener
    return False


def _identity(path: Path) -> tuple[int, int]:
    state = path.lstat()
    return state.st_dev, state.st_ino
