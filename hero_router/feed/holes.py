"""Finds holes in the stream: positions whose events another program deleted.

Redis does not report an XDEL. A hole shows because positions have no gaps inside an epoch. Pure: no
I/O, no clock.
"""

from collections.abc import Iterator, Sequence

from hero_router.model import Event
from hero_router.position import Position


def filled(
    window: Sequence[Event], head: Position, limit: int
) -> tuple[list[Event], list[Position]]:
    """The newest `limit` entries, with an empty entry for each hole, and the holes' positions.

    `head` is the newest position of the stream. An empty entry has no type, like an entry that
    hero_router did not write. The positions are ascending.
    """
    entries, lost = list[Event](), list[Position]()
    above = Event(head.next(), None, "", "", {}, "{}")
    for event in reversed(window):
        for position in _between(event.position, above, limit):
            lost.append(position)
            entries.append(Event(position, None, "", "", {}, "{}"))
        entries.append(event)
        above = event
        if len(entries) >= limit:
            break
    kept = entries[limit - 1 :: -1] if len(entries) > limit else entries[::-1]
    first = kept[0].position if kept else head
    return kept, [position for position in reversed(lost) if position >= first]


def _between(below: Position, above: Event, limit: int) -> Iterator[Position]:
    """The positions between two entries that follow each other, newest first.

    The end of the epoch before is known if `above` is the first event of its epoch: it says where
    that epoch ended.
    """
    position, after = above.position, above.after
    yield from _down(position.epoch, position.seq - 1, below, limit)
    if position.seq == 1 and after is not None and position.epoch > after.epoch >= below.epoch:
        yield from _down(after.epoch, after.seq, below, limit)


def _down(epoch: int, seq: int, below: Position, limit: int) -> Iterator[Position]:
    """Positions of an epoch, from `seq` down to the first or to just above `below`.

    No more than `limit` of them.
    """
    last = below.seq if below.epoch == epoch else 0
    return (Position(epoch, each) for each in range(seq, max(last, seq - limit), -1))
