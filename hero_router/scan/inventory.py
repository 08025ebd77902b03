"""What is believed to exist: the last walk, and what it could not look at. Pure.

What was not looked at has not been seen to be gone: it is held for as long as that lasts. An empty
folder on another file system is a root that is not mounted, and holds everything, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hero_router.scan.ignored import Identity
from hero_router.scan.sockets import SocketFile, WalkResult
from hero_router.text import readable

ROOT_UNREADABLE = "the root cannot be read"
FOLDER_UNREADABLE = "its folder cannot be read"
NOT_MOUNTED = "the root is empty, as if it were not mounted"
REPLACED = "not seen since the root was replaced"
CUT = "not looked at: the root has too many files"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The sockets of one root; `grace` is in seconds of the monotonic clock.

    `found` are those that are there, or may be: the last walk did not see those in `held`. `home`
    is the root in which they were seen (its inode is 0 where only the device is known; None: there
    is nothing that could leave).
    """

    grace: float
    found: Mapping[bytes, SocketFile] = field(default_factory=dict)
    held: frozenset[bytes] = frozenset()
    walk: WalkResult = field(default_factory=WalkResult)
    home: Identity | None = None
    unmounted: bool = False
    since: float | None = None
    """When the root was replaced, or began to hold too much: what is missing has the grace time."""
    replaced: bool = False
    """Something is missing since the root was replaced, and has the grace time still; or may be."""
    owed: bool = False
    """Services are known by the registry alone, so nobody can tell what is missing."""
    hidden: tuple[str, ...] = ()
    """The folders that cannot be read, each with a slash, as text."""

    def after(self, walk: WalkResult, seconds: float) -> "Inventory":
        """The view after a walk that was done at this time."""
        dark, found = b"" in walk.blind, {item.raw: item for item in walk.found}
        moved = not dark and _differ(self.home, walk.root)
        unmounted = moved and not found and _device(self.home) != _device(walk.root)
        begins = moved or (walk.cut is not None and self.walk.cut is None)
        bare = Inventory(
            grace=self.grace,
            walk=walk,
            unmounted=unmounted,
            owed=self.owed,
            since=seconds if begins else self.since,
            hidden=tuple(f"{readable(folder)}/" for folder in walk.blind if folder),
        )
        missing = (item for raw, item in self.found.items() if raw not in found)
        held = {item.raw: item for item in missing if bare.why(item.path, seconds) is not None}
        there = walk.root if found or held else None
        home = self.home if dark or unmounted else there
        replaced = bool(held or self.owed) and bare.why("", seconds) == REPLACED
        seen = replace(bare, found=found | held, held=frozenset(held), home=home)
        return replace(seen, replaced=replaced, owed=self.owed and (dark or unmounted or replaced))

    def inherited(self, home: Identity | None) -> "Inventory":
        """The view of who takes over: what the registry says counts for more than what was seen.

        `home` is where the services of the node's last report lay, if that is known.
        """
        home = home or self.home
        return replace(self, found={}, held=frozenset(), home=home, owed=home is not None)

    def why(self, path: str, seconds: float) -> str | None:
        """Why a socket that is not seen may still be there; None where it is gone."""
        if b"" in self.walk.blind:
            return ROOT_UNREADABLE
        if self.unmounted:
            return NOT_MOUNTED
        if path.startswith(self.hidden):
            return FOLDER_UNREADABLE
        if self.since is None or seconds - self.since >= self.grace:
            return None
        return REPLACED if self.walk.cut is None else CUT


def _differ(home: Identity | None, root: Identity | None) -> bool:
    """Whether the root is another folder than that in which the sockets were seen."""
    if home is None or root is None:
        return False
    return home[0] != root[0] or home[1] not in (0, root[1])


def _device(identity: Identity | None) -> int:
    return 0 if identity is None else identity[0]
