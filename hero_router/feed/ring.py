"""The window in a worker: each event once, as the SSE bytes that every client is sent."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from hero_router import sse
from hero_router.feed.filters import Filter, Tags, tagged
from hero_router.feed.holes import filled
from hero_router.feed.resume import ResumeResult, resume
from hero_router.model import Event
from hero_router.position import ORIGIN, Position

TRAIN = 4
"""Most slices of a train: a client that keeps up gets a burst with fewer system calls, and one that
does not still holds no more than one slice."""

CACHE_BYTES = 4 * 1024 * 1024
CACHE_COST = 512
"""Most bytes of joined slices that are kept, and what each takes beside its data: strangers choose
their cursors and filters, and in a quiet world nothing else would ever free them."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Joined frames for one write, and the position that a client has reached with them.

    `sent` events are in it; `filtered` more were passed over as not wanted, `superseded` as newer
    ones about the same services follow, and `lost` as they are holes in the window.
    """

    data: bytes
    last: Position
    events: int
    filtered: int = 0
    superseded: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Slices that follow each other, offered in one call; `datas` are the bytes of those that have
    any. Only the last may have none, where a filter passes over all that is left.

    The rest is of all slices together; `heard` is the last position that a client is told of, None
    where it is told of none.
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
        """A train of these slices, at least one."""
        datas = tuple(each.data for each in slices if each.data)
        told = [each.last for each in slices if not (each.filtered or each.superseded or each.lost)]
        return cls(
            slices,
            datas,
            last=slices[-1].last,
            last_id=told[-1] if told else None,
            bytes=sum(map(len, datas)),
            events=sum(each.events for each in slices),
            filtered=sum(each.filtered for each in slices),
            superseded=sum(each.superseded for each in slices),
            lost=sum(each.lost for each in slices),
        )


class Ring:
    """The last `limit` events. A slice has up to `slice_bytes`, or one event if that is larger."""

    def __init__(self, limit: int, slice_bytes: int) -> None:
        self.limit, self._slice_bytes = limit, slice_bytes
        self._positions: list[Position] = []
        self._frames: list[bytes] = []
        self._tags: list[Tags] = []
        self._times: list[int] = []
        self._lost: list[Position] = []
        self._head = ORIGIN
        self.run_id = ""
        self._cached = 0
        self._slices: dict[tuple[Position, Filter | None], Slice | None] = {}
        self._trains: dict[tuple[Position, Filter | None], Batch | None] = {}

    @property
    def head(self) -> Position:
        """The last position given out by the stream, as far as this worker knows."""
        return self._head

    @property
    def positions(self) -> Sequence[Position]:
        """The kept positions, ascending."""
        return self._positions

    def reset(self, window: Iterable[Event], head: Position, store: str) -> int:
        """Forget all and hold this window, whose stream's last position is `head`.

        `store` names the Redis process that it was read from. Returns how many events are held;
        where one is missing, an empty entry stands at its position.
        """
        self.run_id = store
        self._positions.clear()
        self._frames.clear()
        self._tags.clear()
        self._times.clear()
        entries, self._lost = filled(tuple(window), head, self.limit)
        number = self.append(entries)
        self._head = head
        return number

    def append(self, events: Sequence[Event]) -> int:
        """Take the next events, which follow the one before without a gap; the oldest make room.

        Returns how many those are.

        Raises:
            ValueError: for more events than the ring holds: some would be gone before any client
                could get them.
        """
        if len(events) > self.limit:
            raise ValueError(f"{len(events)} events at once do not fit a window of {self.limit}")
        for event in events:
            self._positions.append(event.position)
            self._frames.append(frame(event))
            self._tags.append(tagged(event))
            self._times.append(event.at)
            self._head = event.position
        excess = len(self._positions) - self.limit
        if excess > 0:
            for kept in (self._positions, self._frames, self._tags, self._times):
                del kept[:excess]
            self._lost = self._lost and self._lost[bisect_left(self._lost, self._positions[0]) :]
        self._forget_slices()
        return len(events)

    def resume(self, cursor: Position, told: int = 0) -> ResumeResult:
        """What a client at this cursor, who was told of so many holes, is owed by the law of
        positions."""
        return resume(cursor, self._positions, self._head, self._lost, told)

    def holes_after(self, cursor: Position) -> int:
        """How many positions after a cursor hold no event."""
        return len(self._lost) - bisect_right(self._lost, cursor)

    @property
    def lost_to(self) -> Position:
        """The last hole in the window; ORIGIN where there is none."""
        return self._lost[-1] if self._lost else ORIGIN

    def lag(self, cursor: Position) -> int:
        """How many events follow a cursor: those that have left the window count too, as far as
        they belong to the head's epoch."""
        if cursor >= self._head:
            return 0
        if cursor.epoch == self._head.epoch:
            return self._head.seq - cursor.seq
        older = self._before_epoch() - bisect_right(self._positions, cursor)
        return self._head.seq + max(older, 0)

    @property
    def spans_epochs(self) -> bool:
        """Whether the window begins in an older epoch than the head's."""
        return self._before_epoch() > 0

    def _before_epoch(self) -> int:
        return bisect_left(self._positions, Position(self._head.epoch, 0))

    @property
    def span(self) -> float:
        """Seconds between the publishing of the oldest and of the newest kept event, by Redis's
        clock; 0 where an event does not say."""
        first, last = (self._times[0], self._times[-1]) if self._times else (0, 0)
        return max(last - first, 0) / 1000 if first else 0.0

    @property
    def oldest_at(self) -> int:
        """When the oldest kept event was published (Unix ms, Redis's clock); 0: it does not say.

        Whoever was there then misses nothing; nor does anybody before the ring is `full`.
        """
        return self._times[0] if self._times else 0

    @property
    def full(self) -> bool:
        """Whether each further event makes the oldest one leave."""
        return len(self._positions) >= self.limit

    @property
    def start(self) -> Position:
        """The position right before the window's first event: where a resync starts from."""
        return self._positions[0].before() if self._positions else self._head

    def last(self, number: int) -> Iterable[tuple[Position, bytes, Tags]]:
        """Position, frame and tags of the last so many events, oldest first."""
        start = max(len(self._positions) - number, 0)
        parts = self._positions[start:], self._frames[start:], self._tags[start:]
        return zip(*parts, strict=True)

    def recent(self, number: int) -> Sequence[bytes]:
        """The frames of the last so many entries, oldest first."""
        return self._frames[-number:]

    def slice_after(self, cursor: Position, wanted: Filter | None = None) -> Slice | None:
        """The next frames after a cursor that `resume` found in the window; None when it has all.

        Joined once: every client at the same cursor that wants the same gets the same bytes. Where
        a filter passes over all that is left, `data` is empty, yet the client moves on.
        """
        key = cursor, wanted
        if key in self._slices:
            return self._slices[key]
        part = self._join(cursor, wanted)
        self._cached += CACHE_COST + (len(part.data) if part else 0)
        if self._cached > CACHE_BYTES:
            self._forget_slices()
        self._slices[key] = part
        return part

    def train_after(self, cursor: Position, wanted: Filter | None = None) -> Batch | None:
        """Like `slice_after`, but up to `TRAIN` slices."""
        key = cursor, wanted
        if key not in self._trains:
            train = self._couple(cursor, wanted)
            self._trains[key] = train
        return self._trains[key]

    def _couple(self, cursor: Position, wanted: Filter | None) -> Batch | None:
        slices = list[Slice]()
        while len(slices) < TRAIN and (part := self.slice_after(cursor, wanted)) is not None:
            slices.append(part)
            cursor = part.last
        return Batch.of(*slices) if slices else None

    def _forget_slices(self) -> None:
        self._slices.clear()
        self._trains.clear()
        self._cached = 0

    def _join(self, cursor: Position, wanted: Filter | None) -> Slice | None:
        start = end = bisect_right(self._positions, cursor)
        room, frames = self._slice_bytes, list[bytes]()
        while end < len(self._frames):
            frame = self._frames[end]
            if wanted is None or wanted.wants(self._tags[end]):
                if frames and len(frame) > room:
                    break
                frames.append(frame)
                room -= len(frame)
            end += 1
        if end == start:
            return None
        last = self._positions[end - 1]
        lost = self.holes_after(cursor) - self.holes_after(last)
        sent = len(frames) - (lost if wanted is None else 0)
        filtered = end - start - sent - lost
        return Slice(b"".join(frames), last, sent, filtered, lost=lost)


def frame(event: Event) -> bytes:
    """The event as sent, with the time at which it was published (`at`), where that is known.

    A stranger's entry becomes a ping: positions stay without a gap.
    """
    name = "ping" if event.type is None else event.type
    return sse.frame_text(name, _dated(event), position=event.position)


def _dated(event: Event) -> str:
    if not event.at or "at" in event.payload:
        return event.data
    if not event.payload:
        return f'{{"at":{event.at}}}'
    _, brace, fields = event.data.partition("{")
    return f'{brace}"at":{event.at},{fields}'
