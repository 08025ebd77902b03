"""The law of positions: what a client at a cursor is owed, as one pure function.

Redis never reports a trimmed gap: this arithmetic is what finds it. The same rule serves a
reconnect, a client that was too slow, and a worker whose own reading was overtaken by trimming.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from hero_router.position import Position


@dataclass(frozen=True, slots=True)
class Replay:
    """Nothing is missing: send the window from index `start` on (its length: nothing is due)."""

    start: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Events are missing: say how many (None where it cannot be known), then send what is there.

    `lost` of them are holes in the window; the others came before it.
    """

    dropped: int | None
    lost: int = 0

    @property
    def trimmed(self) -> int:
        """How many of them came before the window, as far as that is known."""
        return (self.dropped or 0) - self.lost

    @property
    def inside(self) -> bool:
        """Whether only the window's holes are missing: what is there follows the cursor."""
        return self.lost > 0 and self.dropped == self.lost


@dataclass(frozen=True, slots=True)
class Ahead:
    """The cursor is later than anything here: wait for a bounded time, then it is `Gap(None)`."""


ResumeResult = Replay | Gap | Ahead


def resume(
    cursor: Position,
    window: Sequence[Position],
    head: Position,
    lost: Sequence[Position] = (),
    told: int = 0,
) -> ResumeResult:
    """Decide for one cursor. A replay is only the answer where nothing is missing up to the head.

    Args:
        cursor: the last position that the client has seen.
        window: the window's positions, ascending, and in each epoch without a gap.
        head: the last position that the stream gave out; the window's last, where it has any.
        lost: those of them that hold no event, ascending; see `holes`.
        told: how many of those after the cursor the client has been told of.
    """
    if cursor == head:
        return Replay(len(window))
    if cursor > head:
        return Ahead()
    after = bisect_right(window, cursor)
    missing = len(lost) - bisect_right(lost, cursor)
    if _stands_at(cursor, window, after):
        return Gap(missing - told, missing - told) if missing > told else Replay(after)
    first = window[0] if window else head.next()
    if cursor < first and cursor.epoch == first.epoch:
        return Gap(first.seq - cursor.seq - 1 + missing, missing)
    return Gap(None)


def _stands_at(cursor: Position, window: Sequence[Position], after: int) -> bool:
    """Whether the cursor is in the window, or right before the position at index `after`."""
    inside = after > 0 and window[after - 1] == cursor
    return inside or (after < len(window) and window[after] == cursor.next())
