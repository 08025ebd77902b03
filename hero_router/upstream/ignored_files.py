"""Decides which files in the socket folder are ignored, and why: they are no services.

The scanner asks before it probes, the reverse proxy before it connects. The only file system access
is to look up device and inode of the protected sockets.
"""

import contextlib
import fnmatch
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

PROTECTED = (
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
)
"""Sockets that give control of the machine, recognised by device and inode, under any name."""

LISTED = "ROUTER_IGNORE has its name"
POWERFUL = "it controls this machine, or belongs to the router itself"
NOT_A_SOCKET = "it is not a socket"
UNNAMED = "its name does not end in .sock, with a name before that"
ASTRAY = "a symlink that leaves the root or goes back into its own folder"
NOWHERE = "a symlink that leads nowhere"

NOTHING = "(?!)"
"""A regular expression that matches nothing; an empty one would match everything."""

SUFFIX = b".sock"

Identity = tuple[int, int]
"""Device and inode."""


class IgnoredFiles:
    """Rules for ignored files: names that match a pattern, and protected or `own` sockets.

    A pattern is a file name without `.sock`, or a folder name with a slash at its end. A pattern
    may contain `*`, `?` and `[…]`; upper and lower case are the same.
    """

    def __init__(self, patterns: Sequence[str], own: Iterable[Path]) -> None:
        self._files = _matcher(name for name in patterns if not name.endswith("/"))
        self._folders = _matcher(name[:-1] for name in patterns if name.endswith("/"))
        self._own = tuple(map(os.fspath, own)) + PROTECTED

    def protected(self) -> frozenset[Identity]:
        """Device and inode of the protected sockets that exist now."""
        return frozenset(identities(self._own))

    def reason(
        self, names: Iterable[bytes], state: os.stat_result, protected: frozenset[Identity]
    ) -> str | None:
        """Why a `*.sock` file is ignored; None if it is a service.

        `names` are all names of the file, without `.sock`: a symlink and its target have two.
        """
        if not stat.S_ISSOCK(state.st_mode):
            return NOT_A_SOCKET
        if (state.st_dev, state.st_ino) in protected:
            return POWERFUL
        return LISTED if any(_matches(self._files, name) for name in names) else None

    def excludes_folder(self, folder: bytes) -> bool:
        """Whether folders of this name are ignored."""
        return _matches(self._folders, folder)

    def reason_below(
        self, root: bytes, paths: Iterable[bytes], state: os.stat_result
    ) -> str | None:
        """Why the file with these `paths` below the root is ignored; None if it is not.

        The same rules as for a file that a walk finds: every name on the way counts.
        """
        names = [path.removeprefix(root + b"/").split(b"/") for path in paths]
        if any(self.excludes_folder(folder) for parts in names for folder in parts[:-1]):
            return LISTED
        files = [parts[-1] for parts in names]
        if not all(name.endswith(SUFFIX) and name != SUFFIX for name in files):
            return UNNAMED
        return self.reason([stem(name) for name in files], state, self.protected())


def _matcher(globs: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(glob.lower()) for glob in globs) or NOTHING)


def _matches(names: re.Pattern[str], name: bytes) -> bool:
    return names.match(os.fsdecode(name).lower()) is not None


def stem(name: bytes) -> bytes:
    """The name of a socket file without `.sock`."""
    return name.removesuffix(SUFFIX)


def identities(paths: Iterable[str | bytes]) -> Iterator[Identity]:
    """Device and inode of these paths; paths that do not exist are skipped."""
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            state = Path(os.fsdecode(path)).stat()
            yield state.st_dev, state.st_ino
