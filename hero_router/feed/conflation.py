"""Conflation: a client with `conflate=1` that fell behind gets only the newest event per service.

It is a log with only the last entry of each key, like a compacted topic in Kafka. A client that
gets all entries after its cursor ends in the same state as with every event.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from hero_router import sse
from hero_router.feed.encoded_event import Entry
from hero_router.feed.filters import Filter
from hero_router.feed.write_batch import Slice
from hero_router.position import ORIGIN, Position

MAX_REMOVED = 4096
"""Maximum number of removed services to remember. A client with an older cursor has to load the
state."""


class LatestByService:
    """The newest entry of each service, oldest first; complete for all cursors from `since` on."""

    def __init__(self, slice_bytes: int) -> None:
        self._slice_bytes = slice_bytes
        self.reset(ORIGIN, ())

    def reset(self, since: Position, entries: Iterable[Entry]) -> None:
        """Replace all entries by these; the events up to `since` are unknown."""
        self._entries = dict[str, Entry]()
        self._removed = OrderedDict[str, Position]()
        self._since = self._head = since
        self.add(entries)

    def add(self, entries: Iterable[Entry]) -> None:
        """Add the next entries; each replaces the earlier entry of the same service."""
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        self._head, tags = entry.position, entry.tags
        key = tags.id or tags.type
        self._entries.pop(key, None)
        self._entries[key] = entry
        self._removed.pop(key, None)
        if tags.type == "service_removed":
            self._removed[key] = entry.position
            if len(self._removed) > MAX_REMOVED:
                oldest, self._since = self._removed.popitem(last=False)
                del self._entries[oldest]

    def slice_after(self, cursor: Position, wanted: Filter | None) -> Slice | None:
        """The next slice for a client at this cursor, after a `conflated` frame if it skips events.

        None if the client has all events, or if its cursor is before `since` or of another epoch.
        """
        if not self._reaches(cursor):
            return None
        chosen, last = list[bytes](), self._head
        room = self._slice_bytes
        for position, frame, tags, _ in self._after(cursor):
            if wanted is None or wanted.wants(tags):
                room -= len(frame)
                if room < 0 and chosen:
                    break
                chosen.append(frame)
            last = position
        else:
            last = self._head
        superseded = last.seq - cursor.seq - len(chosen)
        if superseded:
            data = {"superseded": superseded, "to": str(last)}
            chosen.insert(0, sse.frame("conflated", data, position=cursor))
            return Slice(b"".join(chosen), last, len(chosen) - 1, superseded=superseded)
        return Slice(b"".join(chosen), last, len(chosen))

    def _reaches(self, cursor: Position) -> bool:
        return self._since <= cursor < self._head and cursor.epoch == self._head.epoch

    def _after(self, cursor: Position) -> Sequence[Entry]:
        """The entries after a cursor, oldest first."""
        found = list[Entry]()
        for entry in reversed(self._entries.values()):
            if entry.position <= cursor:
                break
            found.append(entry)
        return found[::-1]
