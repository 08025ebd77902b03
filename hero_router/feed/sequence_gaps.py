"""Finds holes in the stream: positions whose events another program deleted.

Redis does not report an XDEL. A hole shows because positions have no gaps inside an epoch. Pure: no
I/O, no clock.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from hero_router.model import Event
from hero_router.position import Position


def filled(
    window: Sequence[Event], head: Position, limit: int
) -> tuple[list[Event], list[Position]]:
    """The newest `limit` entries, with an empty entry for each hole, and the holes' positions.

    `head` is the newest position of the stream. An empty entry has no type, like an entry that
    hero_router did not write. The positions are ascending.
    """
    newest = list(islice(_newest_first(window, head), limit))[::-1]
    entries = [_empty(each) if isinstance(each, Position) else each for each in newest]
    return entries, [each for each in newest if isinstance(each, Position)]


def _empty(position: Position) -> Event:
    return Event(position, None, "", "", {}, "{}")


def _newest_first(window: Sequence[Event], head: Position) -> Iterator[Event | Position]:
    """The entries, and in their order the positions of the holes.

    An epoch's first event says where the epoch before `ended`; that may be above its last entry.
    """
    above, ended = head.next(), None
    for event in reversed(window):
        yield from _down(above.epoch, above.seq - 1, event.position)
        if ended is not None and above.epoch > ended.epoch >= event.position.epoch:
            yield from _down(ended.epoch, ended.seq, event.position)
        yield event
        above, ended = event.position, event.after


def _down(epoch: int, seq: int, below: Position) -> Iterator[Position]:
    """Positions of an epoch, from `seq` down to the first or to just above `below`."""
    last = below.seq if below.epoch == epoch else 0
    return (Position(epoch, each) for each in range(seq, last, -1))
