"""What makes a worker's view doubtful right now: Redis or a scanner is away, or a scanner does not
see all of its node. Pure values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from hero_router import sse
from hero_router.feed.freshness import Stamp


@dataclass(frozen=True, slots=True)
class Condition:
    """One doubt; `since` is Unix ms.

    `reason` is redis, stream, scanner or no_scanner, or what a scanner tells of its node: root,
    permission.
    """

    reason: str
    node: str | None
    since: int
    detail: str

    @property
    def key(self) -> tuple[str, str | None]:
        """What this doubt is about; there is at most one of each."""
        return self.reason, self.node

    def to_json(self) -> dict[str, object]:
        """The condition as it is sent."""
        return asdict(self)


ConditionMap = Mapping[tuple[str, str | None], Condition]


NONE: ConditionMap = {}
"""What a client knows of doubts right after a hello."""


def transition_frames(before: ConditionMap, after: ConditionMap, stamp: Stamp) -> bytes:
    """The `stale` and `fresh` frames that lead a client from one set of doubts to another.

    `stamp` goes into each: when it is sent, and as of when the worker had proof of what it tells.
    """
    ended = [
        sse.frame("fresh", {"reason": item.reason, "node": item.node, "since": item.since, **stamp})
        for key, item in before.items()
        if key not in after
    ]
    begun = [
        sse.frame("stale", {**item.to_json(), **stamp})
        for key, item in after.items()
        if before.get(key) != item
    ]
    return b"".join(ended + begun)
