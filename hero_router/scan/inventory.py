"""Keeps the list of sockets that exist, or may exist where the last walk could not look. Pure.

Only a socket whose place was looked at and found empty is gone. A folder that cannot be read keeps
its sockets for as long as that lasts. An empty root on another file system is taken for a root that
is not mounted, and keeps all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hero_router.scan.exclusions import Identity
from hero_router.scan.walk import SocketFile, WalkResult
from hero_router.text import readable

ROOT_UNREADABLE = "the root cannot be read"
FOLDER_UNREADABLE = "its folder cannot be read"
NOT_MOUNTED = "the root is empty, as if it were not mounted"
REPLACED = "not seen since the root was replaced"
CUT = "not looked at: the root has too many files"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The sockets of one root after its last `walk`; times are in seconds of the monotonic clock.

    `sockets` are those that exist or may exist, by raw path. `unverified` are those among them that
    the last walk did not see. `known_root` is the root in which they were seen (its inode is 0
    where only the device is known; None: there is nothing that could be missing).
    """

    grace_seconds: float
    sockets: Mapping[bytes, SocketFile] = field(default_factory=dict)
    unverified: frozenset[bytes] = frozenset()
    walk: WalkResult = field(default_factory=WalkResult)
    known_root: Identity | None = None
    unmounted: bool = False
    replaced_since: float | None = None
    """When the root was last replaced: from then on missing sockets have the grace time."""
    cut_since: float | None = None
    """Since when the root has too many files: from then on missing sockets have the grace time."""
    replaced: bool = False
    """The root was replaced, and sockets that are missing since then still have grace time."""
    registry_only: bool = False
    """Services were taken over from the registry, so what is missing cannot be known."""
    unreadable_prefixes: tuple[str, ...] = ()
    """The folders that cannot be read, each with a slash at its end, as text."""

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
        """The inventory of a scanner that takes over: the registry is newer than what it saw.

        `known_root` is the root of the node's last report, where that is known.
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
        """Why a socket that is not seen may still exist; None where it is gone."""
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
    """Whether the root is another folder than the one in which the sockets were seen."""
    return (
        known is not None
        and root is not None
        and (known[0] != root[0] or known[1] not in (0, root[1]))
    )


def _on_other_device(known: Identity | None, root: Identity | None) -> bool:
    """Whether the root is on another device than the sockets that were seen."""
    return known is not None and root is not None and known[0] != root[0]
