"""The window in a worker: each event once, as the SSE bytes that every client is sent."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hero_router import sse
from hero_router.feed.resume import Verdict, resume
from hero_router.model import Event
from hero_router.position import ORIGIN, Position


@dataclass(frozen=True, slots=True)
class Slice:
    """Joined frames for one write, and the position of the last of them."""

    data: bytes
    last: Position


class Ring:
    """The last `limit` events. A slice has up to `slice_bytes`, or one event if that is larger."""

    def __init__(self, limit: int, slice_bytes: int) -> None:
        self.limit, self._slice_bytes = limit, slice_bytes
        self._positions: list[Position] = []
        self._frames: list[bytes] = []
        self._head = ORIGIN
        self.store = ""
        self._slices: dict[Position, Slice] = {}

    @property
    def head(self) -> Position:
        """The last position given out by the stream, as far as this worker knows."""
        return self._head

    @property
    def positions(self) -> Sequence[Position]:
        """The kept positions, ascending."""
        return self._positions

    def reset(self, window: Iterable[Event], head: Position, store: str) -> None:
        """Forget all and hold this window, whose stream's last position is `head`.

        `store` names the Redis process that it was read from.
        """
        self.store = store
        self._positions.clear()
        self._frames.clear()
        self.append(tuple(window)[-self.limit :])
        self._head = head

    def append(self, events: Sequence[Event]) -> None:
        """Take the next events, which follow the one before without a gap; the oldest make room.

        Raises:
            ValueError: for more events than the ring holds: some would be gone before any client
                could get them.
        """
        if len(events) > self.limit:
            raise ValueError(f"{len(events)} events at once do not fit a window of {self.limit}")
        for event in events:
            self._positions.append(event.position)
            self._frames.append(frame(event))
            self._head = event.position
        excess = len(self._positions) - self.limit
        if excess > 0:
            del self._positions[:excess], self._frames[:excess]
        self._slices.clear()

    def resume(self, cursor: Position) -> Verdict:
        """What a client at this cursor is owed, by the law of positions."""
        return resume(cursor, self._positions, self._head)

    @property
    def base(self) -> Position:
        """The position right before the window's first event: where a resync starts from."""
        return self._positions[0].before() if self._positions else self._head

    def slice_after(self, cursor: Position) -> Slice | None:
        """The next frames after a cursor that `resume` found in the window; None when it has all.

        Joined once: every client at the same cursor gets the same bytes.
        """
        known = self._slices.get(cursor)
        if known is None and (known := self._join(cursor)) is not None:
            self._slices[cursor] = known
        return known

    def _join(self, cursor: Position) -> Slice | None:
        start = end = bisect_right(self._positions, cursor)
        room = self._slice_bytes
        while end < len(self._frames) and (room >= len(self._frames[end]) or end == start):
            room -= len(self._frames[end])
            end += 1
        if end == start:
            return None
        return Slice(b"".join(self._frames[start:end]), self._positions[end - 1])


def frame(event: Event) -> bytes:
    """The event as sent. A stranger's entry becomes a ping: positions stay without a gap."""
    if event.type is None:
        return sse.frame("ping", {}, position=event.position)
    return sse.frame_text(event.type, event.data, position=event.position)
