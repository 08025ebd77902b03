"""Keeps the newest event of each service, for clients with `conflate=1` that fell behind.

It is a log with only the last entry of each key, like a compacted topic in Kafka. A client that
gets all entries after its cursor ends in the same state as with every event.
"""

from collections.abc import Iterable, Sequence

from hero_router import sse
from hero_router.feed.batch import Slice
from hero_router.feed.entry import Entry
from hero_router.feed.filters import Filter, Tags
from hero_router.position import ORIGIN, Position

MAX_REMOVED = 4096
"""Most removed services to remember. A client with an older cursor has to load the state."""


class LatestByService:
    """The newest entry of each service, oldest first; complete for every cursor from `since` on."""

    def __init__(self, slice_bytes: int) -> None:
        self._slice_bytes = slice_bytes
        self._entries: dict[str, Entry] = {}
        self._removed = 0
        self.since = self._head = ORIGIN

    def reset(self, since: Position, entries: Iterable[Entry]) -> None:
        """Replace all entries by these; the events up to `since` are unknown."""
        self._entries.clear()
        self._removed, self.since, self._head = 0, since, since
        self.add(entries)

    def add(self, entries: Iterable[Entry]) -> None:
        """Add the next entries; each replaces the earlier entry of the same service."""
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        self._head, tags = entry.position, entry.tags
        key = tags.id or tags.type
        before = self._entries.pop(key, None)
        self._entries[key] = entry
        self._removed += _is_removal(tags) - (before is not None and _is_removal(before.tags))
        if self._removed > MAX_REMOVED:
            self._forget_removed()

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
        return self.since <= cursor < self._head and cursor.epoch == self._head.epoch

    def _after(self, cursor: Position) -> Sequence[Entry]:
        """The entries after a cursor, oldest first."""
        found = list[Entry]()
        for entry in reversed(self._entries.values()):
            if entry.position <= cursor:
                break
            found.append(entry)
        return found[::-1]

    def _forget_removed(self) -> None:
        """Forget the older half of the removed services."""
        removed = [key for key, entry in self._entries.items() if _is_removal(entry.tags)]
        for key in removed[: MAX_REMOVED // 2]:
            self.since = max(self.since, self._entries.pop(key).position)
        self._removed -= MAX_REMOVED // 2


def _is_removal(tags: Tags) -> bool:
    return tags.type == "service_removed"
