"""The law of positions, as one pure function: what a client at a cursor is sent next.

Redis never reports a trimmed gap: this arithmetic finds it. The same rule serves a reconnect, a
client that was too slow, and a worker whose own read was overtaken by trimming.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

from hero_router.position import Position


class Positioned(Protocol):
    """Anything at a position of the stream: an event, or a ring's entry."""

    @property
    def position(self) -> Position:
        """Where it stands."""


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
        return self.dropped == self.lost


@dataclass(frozen=True, slots=True)
class Ahead:
    """The cursor is later than anything here: wait for a bounded time, then it is `Gap(None)`."""


ResumeResult = Replay | Gap | Ahead


def resume(
    cursor: Position,
    window: Sequence[Positioned],
    head: Position,
    lost: Sequence[Position] = (),
    known_holes: int = 0,
) -> ResumeResult:
    """Decide for one cursor. A replay is only the answer where nothing is missing up to the head.

    Args:
        cursor: the last position that the client has seen.
        window: what is kept, by ascending position, and in each epoch without a gap.
        head: the last position that the stream gave out; the window's last, where it has any.
        lost: those of its positions that hold no event, ascending; see `holes`.
        known_holes: how many of those after the cursor the client knows of already.
    """
    if cursor == head:
        return Replay(len(window))
    if cursor > head:
        return Ahead()
    after = index_after(cursor, window)
    missing = len(lost) - bisect_right(lost, cursor)
    if _stands_at(cursor, window, after):
        new = missing - known_holes
        return Gap(new, new) if new > 0 else Replay(after)
    first = window[0].position if window else head.next()
    if cursor < first and cursor.epoch == first.epoch:
        return Gap(first.seq - cursor.seq - 1 + missing, missing)
    return Gap(None)


def index_after(cursor: Position, window: Sequence[Positioned]) -> int:
    """The index of the first of these that follows the cursor; their number where none does."""
    return bisect_right(window, cursor, key=_POSITION)


def _stands_at(cursor: Position, window: Sequence[Positioned], after: int) -> bool:
    """Whether the cursor is in the window, or right before the position at index `after`."""
    inside = after > 0 and window[after - 1].position == cursor
    return inside or (after < len(window) and window[after].position == cursor.next())


_POSITION = attrgetter("position")
