"""Holes in the window: positions that Redis gave out, whose events a foreign hand deleted. Pure.

XDEL says nothing to anybody: the dense numbers inside an epoch are what finds it.
"""

from collections.abc import Iterator, Sequence

from hero_router.model import Event
from hero_router.position import Position


def filled(
    window: Sequence[Event], head: Position, limit: int
) -> tuple[list[Event], list[Position]]:
    """The newest `limit` entries of a window up to its head, with an empty one for each hole.

    An empty entry has no type, as one that hero_router did not write. Also returns the positions
    of the holes, ascending.
    """
    entries, lost = list[Event](), list[Position]()
    above = Event(head.next(), None, "", "", {}, "{}")
    for event in reversed(window):
        for place in _between(event.position, above, limit):
            lost.append(place)
            entries.append(Event(place, None, "", "", {}, "{}"))
        entries.append(event)
        above = event
        if len(entries) >= limit:
            break
    kept = entries[limit - 1 :: -1] if len(entries) > limit else entries[::-1]
    first = kept[0].position if kept else head
    return kept, [place for place in reversed(lost) if place >= first]


def _between(below: Position, above: Event, most: int) -> Iterator[Position]:
    """The positions between two entries that follow each other, newest first.

    Those of an epoch that ended before `above` are known where that is the next one's first event:
    it says where that ended.
    """
    place, after = above.position, above.after
    yield from _down(place.epoch, place.seq - 1, below, most)
    if place.seq == 1 and after is not None and place.epoch > after.epoch >= below.epoch:
        yield from _down(after.epoch, after.seq, below, most)


def _down(epoch: int, seq: int, below: Position, most: int) -> Iterator[Position]:
    """An epoch's positions from `seq` down to its first, or to above `below`; at most `most`."""
    last = below.seq if below.epoch == epoch else 0
    return (Position(epoch, each) for each in range(seq, max(last, seq - most), -1))
