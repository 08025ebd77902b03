"""Decides which events a client at a cursor is sent next, or whether it has missed events.

Redis does not report that it trimmed events: the numbers in the positions show it. The same
function decides for a client that reconnects, a client that was too slow, and a worker whose own
reading was overtaken by trimming. Pure: no I/O, no clock.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

from hero_router.position import Position


class Positioned(Protocol):
    """An object with a position in the stream: an event, or an entry of the ring."""

    @property
    def position(self) -> Position:
        """The object's position in the stream."""


@dataclass(frozen=True, slots=True)
class Replay:
    """No event is missing: send the kept events from index `start` on, if there are any."""

    start: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Events are missing: report how many (None: unknown), then send the kept events.

    `lost` of the missing events are holes between kept events; the others are older than all kept
    events.
    """

    dropped: int | None
    lost: int = 0

    @property
    def trimmed(self) -> int:
        """How many of the missing events are older than all kept events; 0 if unknown."""
        return (self.dropped or 0) - self.lost

    @property
    def inside(self) -> bool:
        """Whether the missing events lie within the kept ones: they were deleted, not trimmed."""
        return self.dropped == self.lost


@dataclass(frozen=True, slots=True)
class Ahead:
    """The cursor is later than the newest event read: wait for a while, then report a gap."""


ResumeResult = Replay | Gap | Ahead


def resume(
    cursor: Position,
    window: Sequence[Positioned],
    head: Position,
    lost: Sequence[Position] = (),
    known_holes: int = 0,
) -> ResumeResult:
    """Decide what a client at a cursor is sent; `Replay` only if no later event is missing.

    Args:
        cursor: the last position that the client has seen.
        window: the kept events, by ascending position, without a gap inside an epoch.
        head: the newest position of the stream; that of the last kept event, if there is one.
        lost: the positions in the window that have no event, ascending; see `holes`.
        known_holes: how many of the lost positions after the cursor the client knows of already.
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
    """The index of the first item after the cursor; the number of items if none follows."""
    return bisect_right(window, cursor, key=_POSITION)


def _stands_at(cursor: Position, window: Sequence[Positioned], after: int) -> bool:
    """Whether the cursor is in the window, or right before the position at index `after`."""
    inside = after > 0 and window[after - 1].position == cursor
    return inside or (after < len(window) and window[after].position == cursor.next())


_POSITION = attrgetter("position")
