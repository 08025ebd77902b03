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
    """Events are missing: say how many (None where it cannot be known), send the whole window."""

    dropped: int | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """The cursor is later than anything here: wait for a bounded time, then it is `Gap(None)`."""


Verdict = Replay | Gap | Ahead


def resume(cursor: Position, window: Sequence[Position], head: Position) -> Verdict:
    """Decide for one cursor.

    Args:
        cursor: the last position that the client has seen.
        window: the positions of the kept events, ascending.
        head: the last position that the stream gave out; the window's last, where that is kept.
    """
    if cursor == head:
        return Replay(len(window))
    if cursor > head:
        return Ahead()
    after = bisect_right(window, cursor)
    if after and window[after - 1] == cursor:
        return Replay(after)
    if after < len(window) and window[after] == cursor.next():
        return Replay(after)
    first = window[0] if window else head.next()
    if cursor < first and cursor.epoch == first.epoch:
        return Gap(first.seq - cursor.seq - 1)
    return Gap(None)
