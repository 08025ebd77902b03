"""The window in a worker: the newest events of the stream, each kept once for all clients."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from hero_router.feed.entry import Entry
from hero_router.feed.resume import ResumeResult, index_after, resume
from hero_router.position import ORIGIN, Position


class Ring:
    """The last `limit` entries of the stream.

    `head` is the last position that the stream gave out, as far as this worker knows. `run_id`
    names the Redis process that the entries were read from.
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
        """Hold these entries and no others; `lost` are the positions of those without an event."""
        self.head, self.run_id = head, run_id
        self._entries, self._lost = list(entries), lost

    def append(self, entries: Sequence[Entry]) -> None:
        """Take the next entries, which follow the head without a gap; the oldest make room.

        Raises:
            ValueError: for more than the ring holds: some would be gone before any client could
                get them.
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
        """What a client at this cursor is sent next, by the law of positions; see `resume`."""
        return resume(cursor, self._entries, self.head, self._lost, known_holes)

    def index_after(self, cursor: Position) -> int:
        """The index of the first entry after a cursor; the number of entries where none follows."""
        return index_after(cursor, self._entries)

    def holes_after(self, cursor: Position) -> int:
        """How many positions after a cursor hold no event."""
        return len(self._lost) - bisect_right(self._lost, cursor)

    def lag(self, cursor: Position) -> int:
        """How many events follow a cursor.

        Those that have left the window count too, as far as they belong to the head's epoch.
        """
        if cursor >= self.head:
            return 0
        if cursor.epoch == self.head.epoch:
            return self.head.seq - cursor.seq
        older = self._before_epoch() - self.index_after(cursor)
        return self.head.seq + max(older, 0)

    @property
    def spans_epochs(self) -> bool:
        """Whether the window begins in an older epoch than the head's."""
        return bool(self._entries) and self._entries[0].position.epoch < self.head.epoch

    def _before_epoch(self) -> int:
        """How many entries are of an older epoch than the head's."""
        return self.index_after(Position(self.head.epoch, -1))

    @property
    def span(self) -> float:
        """Seconds between the publishing of the oldest and of the newest kept event, by Redis's
        clock; 0 where an event does not say."""
        oldest = self.oldest_at
        return max(self._entries[-1].at - oldest, 0) / 1000 if oldest else 0.0

    @property
    def oldest_at(self) -> int:
        """When the oldest kept event was published (Unix ms, Redis's clock); 0: it does not say.

        A client that was connected then misses nothing. Before the ring is `full`, no client does.
        """
        return self._entries[0].at if self._entries else 0

    @property
    def full(self) -> bool:
        """Whether each further event makes the oldest one leave."""
        return len(self._entries) >= self.limit

    @property
    def start(self) -> Position:
        """The position right before the window's first event: where a resync starts from."""
        return self._entries[0].position.before() if self._entries else self.head

    def recent(self, number: int) -> Sequence[bytes]:
        """The frames of the last so many entries, oldest first."""
        return [entry.frame for entry in self._entries[-number:]]
