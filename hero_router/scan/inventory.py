"""Tracks the sockets that exist, and those that were not found but may still exist.

A socket is gone only if its folder was read without finding the socket. The sockets of an
unreadable folder are kept until the folder can be read. An empty socket folder on another file
system than before counts as not mounted, and all of its sockets are kept. Pure: no I/O, no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hero_router.sanitize import readable
from hero_router.scan.walk import SocketFile, WalkResult
from hero_router.upstream.ignored_files import Identity

ROOT_UNREADABLE = "the root cannot be read"
FOLDER_UNREADABLE = "its folder cannot be read"
NOT_MOUNTED = "the root is empty, as if it were not mounted"
REPLACED = "not seen since the root was replaced"
CUT = "not looked at: the root has too many files"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The sockets in the socket folder after its last `walk`.

    `sockets` are all sockets that exist or may exist, by raw path. `unverified` are the sockets
    that the last walk did not find. `known_root` is device and inode of the socket folder in which
    the sockets were found; its inode is 0 if only the device is known, and it is None if no socket
    is known. Times are in seconds of the monotonic clock.
    """

    grace_seconds: float
    sockets: Mapping[bytes, SocketFile] = field(default_factory=dict)
    unverified: frozenset[bytes] = frozenset()
    walk: WalkResult = field(default_factory=WalkResult)
    known_root: Identity | None = None
    unmounted: bool = False
    replaced_since: float | None = None
    """When the socket folder was last replaced. Missing sockets are kept for the grace time."""
    cut_since: float | None = None
    """When the socket folder got too many files. Missing sockets are kept for the grace time."""
    replaced: bool = False
    """The socket folder was replaced, and the grace time of missing sockets has not ended."""
    registry_only: bool = False
    """Services are only known from the registry, so that missing sockets cannot be listed."""
    unreadable_prefixes: tuple[str, ...] = ()
    """The paths of the folders that cannot be read, as text with a slash at the end."""

    def after(self, walk: WalkResult, seconds: float) -> "Inventory":
        """The inventory after a walk at this time."""
        seen = {file.raw: file for file in walk.sockets}
        unreadable = b"" in walk.unreadable
        root = None if unreadable else walk.root
        unmounted = not seen and _on_other_device(self.known_root, root)
        cut_since = seconds if self.cut_since is None else self.cut_since
        empty = Inventory(
            grace_seconds=self.grace_seconds,
            walk=walk,
            unmounted=unmounted,
            replaced_since=seconds if _differ(self.known_root, root) else self.replaced_since,
            cut_since=None if walk.truncated is None else cut_since,
            unreadable_prefixes=tuple(f"{readable(path)}/" for path in walk.unreadable),
        )
        missing = (file for raw, file in self.sockets.items() if raw not in seen)
        kept = {
            file.raw: file
            for file in missing
            if empty.why_unverified(file.path, seconds) is not None
        }
        missed = bool(kept) or self.registry_only
        replaced = missed and empty._has_grace(empty.replaced_since, seconds)
        here = root if seen or kept else None
        return replace(
            empty,
            sockets=seen | kept,
            unverified=frozenset(kept),
            known_root=self.known_root if unreadable or unmounted else here,
            replaced=replaced,
            registry_only=self.registry_only and (unreadable or replaced),
        )

    def inherited(self, known_root: Identity | None) -> "Inventory":
        """The inventory of a scanner that has just got the lease: without any sockets.

        The registry may be newer than this scanner's last walk. `known_root` is the socket folder
        of the last node report, if known.
        """
        known_root = known_root or self.known_root
        return replace(
            self,
            sockets={},
            unverified=frozenset(),
            known_root=known_root,
            registry_only=known_root is not None,
        )

    def why_unverified(self, path: str, seconds: float) -> str | None:
        """Why a socket that was not found may still exist; None if the socket is gone."""
        if b"" in self.walk.unreadable:
            return ROOT_UNREADABLE
        if self.unmounted:
            return NOT_MOUNTED
        if path.startswith(self.unreadable_prefixes):
            return FOLDER_UNREADABLE
        if self._has_grace(self.cut_since, seconds):
            return CUT
        return REPLACED if self._has_grace(self.replaced_since, seconds) else None

    def _has_grace(self, since: float | None, seconds: float) -> bool:
        return since is not None and seconds - since < self.grace_seconds


def _differ(known: Identity | None, root: Identity | None) -> bool:
    """Whether `root` is another folder than `known`, in which the sockets were found."""
    return (
        known is not None
        and root is not None
        and (known[0] != root[0] or known[1] not in (0, root[1]))
    )


def _on_other_device(known: Identity | None, root: Identity | None) -> bool:
    """Whether the root is on another device than the sockets that were seen."""
    return known is not None and root is not None and known[0] != root[0]
