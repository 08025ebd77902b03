"""What one client received, entry by entry; entries that are alike are shared among all logs."""

import hashlib
import json
import time
from array import array
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hero_router.position import Position
from tests.support.sse import Browser

OPENED, CLOSED, REFUSED, STALLED, RESUMED, SNAPSHOT = (
    "*opened", "*closed", "*refused", "*stalled", "*resumed", "*snapshot",
)  # fmt: skip
"""Marks of the client's own doing between the frames."""

MARKS = frozenset((OPENED, CLOSED, REFUSED, STALLED, RESUMED, SNAPSHOT))
CONTROL = frozenset(("hello", "ping", "resync", "stale", "fresh", "conflated"))
NO_EVENTS = MARKS | CONTROL

SHOWN = 160
"""So many characters of an entry's data are shown."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One frame or mark: `place` is its id as a position, None where it has none."""

    kind: str
    place: Position | None = None
    data: str = "{}"

    @cached_property
    def is_event(self) -> bool:
        """Whether it is a change in the registry, or a scan."""
        return self.kind not in NO_EVENTS

    @cached_property
    def is_mark(self) -> bool:
        """Whether it did not come over the wire."""
        return self.kind in MARKS

    @cached_property
    def payload(self) -> Any:
        """Its data, parsed."""
        return json.loads(self.data)

    @cached_property
    def service(self) -> str | None:
        """The id of the service that an event is about."""
        found: str | None = (self.payload.get("service") or self.payload).get("id")
        return found

    @cached_property
    def state(self) -> tuple[str, str | None] | None:
        """What an event makes of a service: its id and its print, None where it leaves."""
        if self.service is None:
            return None
        record = self.payload.get("service")
        return self.service, None if record is None else fingerprint(record)


def fingerprint(record: Any) -> str:
    """Tells one state of a service from all others, in a few letters."""
    text = json.dumps(record, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


class Log:
    """One client's entries in the order of their arrival, and when that was (Unix seconds).

    `conflates`: it asks for the newest event of each service alone, after it fell behind. `only` is
    the id of the one service that it wants, None for all.
    """

    def __init__(self, client: str, *, conflates: bool = False, only: str | None = None) -> None:
        self.client, self.conflates, self.only = client, conflates, only
        self.entries: list[Entry] = []
        self.times = array("d")

    def add(self, entry: Entry, at: float | None = None) -> None:
        """Note an entry that came just now."""
        self.entries.append(entry)
        self.times.append(time.time() if at is None else at)

    def line(self, number: int, *, brief: bool = False) -> str:
        """One entry for people; if `brief`, without the data of an event, which the history has."""
        entry = self.entries[number]
        since = self.times[number] - self.times[0]
        place = "" if entry.place is None else str(entry.place)
        data = "" if brief and entry.is_event else entry.data[:SHOWN]
        return f"{number:6} {since:8.3f} s  {entry.kind} {place} {data}"


class Frames:
    """Makes entries of a stream's bytes. All clients get the same frames: each is read once."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Entry | None, int | None]] = {}

    def read(self, frame: bytes) -> tuple[Entry | None, int | None]:
        """A frame's entry, None if it fires no event; and the `retry:` in it, if any."""
        found = self._known.get(frame)
        if found is None:
            found = self._known[frame] = _read(frame)
        return found


def _read(frame: bytes) -> tuple[Entry | None, int | None]:
    browser = Browser()
    fired = browser.read(frame + b"\n\n")
    if not fired:
        return None, browser.reconnection_ms
    (event,) = fired
    place = Position.parse(event.last_event_id) if event.last_event_id else None
    assert place is not None or not event.last_event_id, f"no position: {event.last_event_id}"
    return Entry(event.type, place, event.data), browser.reconnection_ms
