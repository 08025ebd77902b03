"""The newest event of each service: what conflation sends to a client that fell behind.

A log with only the last entry of each key, as Kafka's compacted topics are: whoever gets all that
is newer than its cursor ends in the same state as with every event, without a new snapshot.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hero_router import sse
from hero_router.feed.filters import Filter, Tags
from hero_router.feed.ring import Slice
from hero_router.position import ORIGIN, Position

MOST_REMOVED = 4096
"""Services that have left are remembered so far: a client from before that has to start anew."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One service's newest event."""

    position: Position
    frame: bytes
    tags: Tags


class LatestByService:
    """The newest events by service, oldest first; complete for every cursor from `since` on."""

    def __init__(self, slice_bytes: int) -> None:
        self._slice_bytes = slice_bytes
        self._entries: dict[str, _Entry] = {}
        self._removed = 0
        self.since = ORIGIN
        self._head = ORIGIN

    def reset(self, base: Position, events: Iterable[tuple[Position, bytes, Tags]]) -> None:
        """Hold only these events; what happened up to `base` is not known here."""
        self._entries.clear()
        self._removed, self.since, self._head = 0, base, base
        self.add(events)

    def add(self, events: Iterable[tuple[Position, bytes, Tags]]) -> None:
        """Take the next events: each takes the place of the one before about the same service."""
        for position, frame, tags in events:
            self._add(position, frame, tags)

    def _add(self, position: Position, frame: bytes, tags: Tags) -> None:
        self._head = position
        key = tags.id or tags.type
        before = self._entries.pop(key, None)
        self._removed += _is_removal(tags) - (before is not None and _is_removal(before.tags))
        self._entries[key] = _Entry(position, frame, tags)
        if self._removed > MOST_REMOVED:
            self._forget_removed()

    def slice_after(self, cursor: Position, wanted: Filter | None) -> Slice | None:
        """What a client at this cursor needs next, led by a `conflated` frame where any is left
        out; None where conflation cannot help: it has all, or stands outside of what is known.
        """
        if not self._reaches(cursor):
            return None
        chosen, last = list[bytes](), self._head
        room = self._slice_bytes
        for entry in self._after(cursor):
            if wanted is None or wanted.wants(entry.tags):
                if chosen and len(entry.frame) > room:
                    break
                chosen.append(entry.frame)
                room -= len(entry.frame)
            last = entry.position
        else:
            last = self._head
        superseded = last.seq - cursor.seq - len(chosen)
        if superseded:
            told = {"superseded": superseded, "to": str(last)}
            chosen.insert(0, sse.frame("conflated", told, position=cursor))
            return Slice(b"".join(chosen), last, len(chosen) - 1, superseded=superseded)
        return Slice(b"".join(chosen), last, len(chosen))

    def _reaches(self, cursor: Position) -> bool:
        return self.since <= cursor < self._head and cursor.epoch == self._head.epoch

    def _after(self, cursor: Position) -> Iterator[_Entry]:
        """The entries after a cursor, oldest first; looks only at those and one more."""
        found = list[_Entry]()
        for entry in reversed(self._entries.values()):
            if entry.position <= cursor:
                break
            found.append(entry)
        return reversed(found)

    def _forget_removed(self) -> None:
        """Forget the older half of the services that have left."""
        gone = [key for key, entry in self._entries.items() if _is_removal(entry.tags)]
        for key in gone[: MOST_REMOVED // 2]:
            self.since = max(self.since, self._entries.pop(key).position)
        self._removed -= MOST_REMOVED // 2


def _is_removal(tags: Tags) -> bool:
    return tags.type == "service_removed"
