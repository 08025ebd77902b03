"""`Batch`: a few slices of joined SSE frames, written to one subscriber in one call.

Pure: no I/O, no clock.
"""

from dataclasses import dataclass
from typing import Self

from hero_router.position import Position


@dataclass(frozen=True, slots=True)
class Slice:
    """Joined SSE frames for one write, and the position (`last`) that a client reaches with them.

    A slice holds `events` events. Of the other positions up to `last`, `filtered` have an event
    that the client does not want, `superseded` have an event that a newer event of the same service
    replaces, and `lost` have no event.
    """

    data: bytes
    last: Position
    events: int
    filtered: int = 0
    superseded: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive slices, offered to a connection in one call.

    `buffers` are the bytes of the slices that have any. Only the last slice may have none, if the
    client's filter wants none of the events that are left. `last_id` is the last position that a
    client can read in the frames; None if it can read none. All other numbers are sums over the
    slices.
    """

    slices: tuple[Slice, ...]
    buffers: tuple[bytes, ...]
    last: Position
    last_id: Position | None
    bytes: int
    events: int
    filtered: int
    superseded: int
    lost: int

    @classmethod
    def of(cls, *slices: Slice) -> Self:
        """Make a batch of one or more slices."""
        buffers = tuple(each.data for each in slices if each.data)
        ids = [each.last for each in slices if not (each.filtered or each.superseded or each.lost)]
        return cls(
            slices,
            buffers,
            last=slices[-1].last,
            last_id=ids[-1] if ids else None,
            bytes=sum(map(len, buffers)),
            events=sum(each.events for each in slices),
            filtered=sum(each.filtered for each in slices),
            superseded=sum(each.superseded for each in slices),
            lost=sum(each.lost for each in slices),
        )
