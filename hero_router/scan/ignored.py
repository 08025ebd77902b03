"""Why something below the root that looks like a service's socket is none.

It asks the file system only for the identity of the sockets that are protected.
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
"""Sockets that give power over the machine: known by inode, under whatever name they show up."""

LISTED = "ROUTER_IGNORE has its name"
POWERFUL = "it gives power over this machine, or is the router's own"
NOT_A_SOCKET = "it is not a socket"
UNNAMED = "its name does not end in .sock, with a name before that"
ASTRAY = "a symlink that leaves the root or goes back into its own folder"
NOWHERE = "a symlink that leads nowhere"

NOTHING = "(?!)"
"""A regular expression that nothing matches; an empty one would match all."""

Identity = tuple[int, int]
"""Device and inode."""


class Exclusions:
    """What is never a service: names like these, whatever their case, and the `own` sockets.

    A pattern is the name of a file without `.sock`, or of a folder with a slash at its end; it may
    have `*`, `?` and `[…]`.
    """

    def __init__(self, patterns: Sequence[str], own: Iterable[Path]) -> None:
        self._files = _any_of(name for name in patterns if not name.endswith("/"))
        self._folders = _any_of(name[:-1] for name in patterns if name.endswith("/"))
        self._own = tuple(map(os.fspath, own)) + PROTECTED

    def protected(self) -> frozenset[Identity]:
        """The identities of those that exist now; another file may be in a place the next time."""
        return frozenset(identities(self._own))

    def why(
        self, names: Iterable[bytes], state: os.stat_result, protected: frozenset[Identity]
    ) -> str | None:
        """Why a `*.sock` entry is no service; None where it is one.

        `names` are all names by which it is known, without `.sock`: a symlink has two.
        """
        if not stat.S_ISSOCK(state.st_mode):
            return NOT_A_SOCKET
        if (state.st_dev, state.st_ino) in protected:
            return POWERFUL
        return LISTED if any(_is_one_of(self._files, name) for name in names) else None

    def shuts(self, folder: bytes) -> bool:
        """Whether nobody wants to know what is in a folder of this name."""
        return _is_one_of(self._folders, folder)


def _any_of(globs: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(glob.lower()) for glob in globs) or NOTHING)


def _is_one_of(names: re.Pattern[str], name: bytes) -> bool:
    return names.match(os.fsdecode(name).lower()) is not None


def identities(paths: Iterable[str | bytes]) -> Iterator[Identity]:
    """Device and inode of each path that leads somewhere."""
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            state = Path(os.fsdecode(path)).stat()
            yield state.st_dev, state.st_ino
