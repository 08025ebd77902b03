"""What is believed to exist: the last walk, and for a grace time what it could not look at. Pure.

Without it a root that is unmounted for a moment would remove and add every service.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hero_router.model import readable
from hero_router.scan.sockets import Found, Walk


@dataclass(frozen=True, slots=True)
class Sightings:
    """The sockets of one root; `grace` is in seconds of the monotonic clock.

    `root` is device and inode of the root when it was last seen, `error` says for people why the
    view is not complete, `blind` since when which folders are out of sight.
    """

    grace: float
    found: Mapping[bytes, Found] = field(default_factory=dict)
    error: str | None = None
    root: tuple[int, int] | None = None
    blind: Mapping[str, float] = field(default_factory=dict)
    replaced: float | None = None
    """When another folder took the place of the root."""

    def after(self, walk: Walk, seconds: float) -> "Sightings":
        """The view after a walk that was done at this time."""
        swapped = None not in (self.root, walk.root) and self.root != walk.root
        bare = Sightings(
            grace=self.grace,
            root=walk.root or self.root,
            blind={prefix: self.blind.get(prefix, seconds) for prefix in map(readable, walk.blind)},
            replaced=seconds if swapped else self.replaced,
        )
        found = {item.raw: item for item in walk.found}
        missing = (item for raw, item in self.found.items() if raw not in found)
        held = {item.raw: item for item in missing if bare.holds(item.path, seconds)}
        error = walk.error
        if held and error is None:
            error = f"the root folder was replaced: {len(held)} sockets are missing since then"
        return Sightings(self.grace, found | held, error, bare.root, bare.blind, bare.replaced)

    def holds(self, path: str, seconds: float) -> bool:
        """Whether a socket that is not seen may still be there: its folder is out of sight."""
        if self.replaced is not None and seconds - self.replaced < self.grace:
            return True
        return any(
            seconds - since < self.grace
            for prefix, since in self.blind.items()
            if not prefix or path.startswith(f"{prefix}/")
        )
