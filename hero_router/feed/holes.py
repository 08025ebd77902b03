"""Holes in the window: positions that Redis gave out, whose events a foreign hand deleted. Pure.

XDEL says nothing to anybody: the dense numbers inside an epoch are what finds it.
"""

from collections.abc import Sequence

from hero_router.model import Event
from hero_router.position import Position


def filled(
    window: Sequence[Event], head: Position, limit: int
) -> tuple[list[Event], list[Position]]:
    """The newest `limit` entries of a window up to its head, with an empty one for each hole.

    An empty entry has no type, as one that hero_router did not write. Also returns the positions
    of the holes, ascending. Where an epoch ended cannot be known: it ends with its last entry.
    """
    entries, lost = list[Event](), list[Position]()
    above = head.next()
    for event in reversed(window):
        last = event.position.seq if event.position.epoch == above.epoch else 0
        for seq in range(above.seq - 1, max(last, above.seq - 1 - limit), -1):
            lost.append(Position(above.epoch, seq))
            entries.append(Event(lost[-1], None, "", "", {}, "{}"))
        entries.append(event)
        above = event.position
        if len(entries) >= limit:
            break
    kept = entries[limit - 1 :: -1] if len(entries) > limit else entries[::-1]
    first = kept[0].position if kept else head
    return kept, [place for place in reversed(lost) if place >= first]
