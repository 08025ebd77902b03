"""What one subscriber is written in one call: a few slices of joined frames. Plain values."""

from dataclasses import dataclass
from typing import Self

from hero_router.position import Position


@dataclass(frozen=True, slots=True)
class Slice:
    """Joined frames for one write, and the position that a client has reached with them.

    It holds `events` events. Of the other positions that it passes, `filtered` are not wanted,
    `superseded` are followed by a newer event of the same service, and `lost` hold no event.
    """

    data: bytes
    last: Position
    events: int
    filtered: int = 0
    superseded: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Slices that follow each other, offered in one call.

    `buffers` are the bytes of the slices that have any. Only the last slice may have none, where
    a filter wants nothing of all that is left. `last_id` is the last position that a client can
    read in its frames; None where it reads none. All other numbers are sums over the slices.
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
        """A batch of these slices, at least one."""
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
