"""`Ring`: the newest events of the stream in a worker's memory, each kept once for all clients."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from hero_router.feed.encoded_event import Entry
from hero_router.feed.resume import ResumeResult, index_after, resume
from hero_router.position import ORIGIN, Position


class Ring:
    """The newest `limit` entries of the stream (the window).

    `head` is the newest position of the stream that this worker knows. `run_id` names the Redis
    process that the entries were read from.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.head, self.run_id = ORIGIN, ""
        self._entries: list[Entry] = []
        self._lost: Sequence[Position] = ()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> Sequence[Entry]:
        """The kept entries, oldest first."""
        return self._entries

    def reset(
        self, entries: Sequence[Entry], lost: Sequence[Position], head: Position, run_id: str
    ) -> None:
        """Replace all entries; `lost` are the positions of the entries that have no event."""
        self.head, self.run_id = head, run_id
        self._entries, self._lost = list(entries), lost

    def append(self, entries: Sequence[Entry]) -> None:
        """Append the next entries, which follow `head` without a gap; drop the oldest ones.

        Raises:
            ValueError: there are more entries than the ring holds: some would be gone before any
                client could get them.
        """
        if len(entries) > self.limit:
            raise ValueError(f"{len(entries)} events at once do not fit a window of {self.limit}")
        if not entries:
            return
        self._entries += entries
        self.head = entries[-1].position
        del self._entries[: -self.limit]
        self._lost = self._lost[bisect_left(self._lost, self._entries[0].position) :]

    def resume(self, cursor: Position, known_holes: int = 0) -> ResumeResult:
        """Decide what a client at this cursor is sent next; see `feed.resume`."""
        return resume(cursor, self._entries, self.head, self._lost, known_holes)

    def contradicts(self, times: Mapping[Position, int]) -> bool:
        """Whether a kept event was published at another time than Redis tells for its position.

        Then Redis lost the event, and gave its position to another one. `times` are Unix ms; 0 is
        an unknown time.
        """
        start = self.index_after(min(times).before()) if times else len(self)
        return any(
            entry.at and times.get(entry.position, entry.at) not in (0, entry.at)
            for entry in self._entries[start:]
        )

    def index_after(self, cursor: Position) -> int:
        """The index of the first entry after a cursor; the number of entries if none follows."""
        return index_after(cursor, self._entries)

    def holes_after(self, cursor: Position) -> int:
        """How many positions after a cursor have no event (holes)."""
        return len(self._lost) - bisect_right(self._lost, cursor)

    def lag(self, cursor: Position) -> int:
        """How many events follow a cursor.

        Events that have left the ring count too, if they are of the same epoch as `head`.
        """
        if cursor >= self.head:
            return 0
        if cursor.epoch == self.head.epoch:
            return self.head.seq - cursor.seq
        older = self._before_epoch() - self.index_after(cursor)
        return self.head.seq + max(older, 0)

    @property
    def spans_epochs(self) -> bool:
        """Whether the oldest entry is of an older epoch than `head`."""
        return bool(self._entries) and self._entries[0].position.epoch < self.head.epoch

    def _before_epoch(self) -> int:
        """How many entries are of an older epoch than the head's."""
        return self.index_after(Position(self.head.epoch, -1))

    @property
    def span(self) -> float:
        """Seconds between the publication of the oldest and the newest kept event; 0: unknown."""
        oldest = self.oldest_at
        return max(self._entries[-1].at - oldest, 0) / 1000 if oldest else 0.0

    @property
    def oldest_at(self) -> int:
        """When the oldest kept event was published (Unix ms by Redis's clock); 0: unknown.

        A client that was connected at that time has missed no event. While the ring is not `full`,
        no client has.
        """
        return self._entries[0].at if self._entries else 0

    @property
    def full(self) -> bool:
        """Whether the ring is full, so that each further event removes the oldest one."""
        return len(self._entries) >= self.limit

    @property
    def start(self) -> Position:
        """The position right before the oldest entry; a client goes on from it after a `resync`."""
        return self._entries[0].position.before() if self._entries else self.head

    def recent(self, number: int) -> Sequence[bytes]:
        """The SSE frames of the newest `number` entries, oldest first."""
        return [entry.frame for entry in self._entries[-number:]]
