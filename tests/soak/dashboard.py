"""The state that a client folds from its log, by the rules that the page follows."""

from collections.abc import Mapping
from typing import Any

from hero_router.position import Position
from tests.soak.log import CLOSED, SNAPSHOT, Entry

Doubt = tuple[str, str | None]


class Dashboard:
    """Takes a log's entries one by one; `wanted` is in how many ms a snapshot is due, or None.

    `state` has each service's print by id; of the one service `only`, if it wants no other.
    """

    def __init__(self, only: str | None = None) -> None:
        self._only = only
        self.place: Position | None = None
        self.state: dict[str, str] = {}
        self.wanted: int | None = None
        self._store, self._base = "", Position(0, 0)
        self._since: list[Entry] = []
        self._snapshot_at: Position | None = None
        self._doubts: set[Doubt] = set()
        self._streaming = False

    @property
    def is_sure(self) -> bool:
        """Whether it takes what it shows for true, but for the services of nodes in `doubted`."""
        placed = self._streaming and self.place is not None and self.wanted is None
        return placed and all(node is not None for _, node in self._doubts)

    @property
    def doubted(self) -> frozenset[str]:
        """The nodes of which it was told a doubt."""
        return frozenset(node for _, node in self._doubts if node is not None)

    def take(self, entry: Entry) -> None:
        """Take the next entry."""
        if entry.is_event:
            self._take_event(entry)
        elif entry.kind in _TAKEN:
            _TAKEN[entry.kind](self, entry)

    def _take_event(self, entry: Entry) -> None:
        self.place = entry.place
        if self.wanted is not None:
            self._since.append(entry)
        self._fold(entry)

    def _hello(self, entry: Entry) -> None:
        """What ended while the client was away is told by nobody; what lasts follows."""
        self._streaming, self._store = True, entry.payload["run_id"]
        for doubt in tuple(self._doubts):
            self._end(doubt)
        if self.place is None and entry.place is not None:
            self.place = entry.place
            self._want_anew(0)
        self._ping(entry)

    def _resync(self, entry: Entry) -> None:
        self.place, self._store = entry.place, entry.payload["run_id"]
        if entry.payload["dropped"] is None:
            self._snapshot_at = None
        self._want_anew(entry.payload["after_ms"])

    def _ping(self, entry: Entry) -> None:
        """Takes who wants one service past the events about others."""
        if self._only is not None and entry.place is not None:
            self.place = entry.place

    def _stale(self, entry: Entry) -> None:
        self._doubts.add((entry.payload["reason"], entry.payload["node"]))

    def _fresh(self, entry: Entry) -> None:
        self._end((entry.payload["reason"], entry.payload["node"]))

    def _end(self, doubt: Doubt) -> None:
        """While its scanner was away, a node's services were shown as unknown."""
        self._doubts.discard(doubt)
        if doubt[1] is not None and self.wanted is None:
            self._want_anew(0)

    def _want_anew(self, after_ms: int) -> None:
        if self.place is not None:
            self.wanted, self._base, self._since = after_ms, self.place, []

    def _closed(self, _: Entry) -> None:
        self._streaming = False

    def _snapshot(self, entry: Entry) -> None:
        """Refused from before the base, from another Redis, or with doubts not told to us."""
        answer = entry.payload
        lost = {(reason, node) for reason, node in answer["stale"] if node is not None}
        cursor = Position.parse(answer["cursor"])
        fits = self._streaming and answer["run_id"] == self._store and lost <= self._doubts
        if self.wanted is None or not fits or cursor is None or cursor < self._base:
            return
        self.state = of_one(answer["state"], self._only)
        self._snapshot_at, self.wanted = cursor, None
        for event in self._since:
            self._fold(event)
        self._since = []

    def _fold(self, entry: Entry) -> None:
        if self._snapshot_at is not None and _of(entry) <= self._snapshot_at:
            return
        if (change := entry.state) is None:
            return
        service, found = change
        if found is None:
            self.state.pop(service, None)
        else:
            self.state[service] = found


def of_one(state: Mapping[str, str], only: str | None) -> dict[str, str]:
    """Of that service alone, if one is given."""
    return {key: found for key, found in state.items() if only in (None, key)}


def _of(entry: Entry) -> Position:
    assert entry.place is not None, f"an event without a position: {entry.kind}"
    return entry.place


_TAKEN: Mapping[str, Any] = {
    "hello": Dashboard._hello,
    "resync": Dashboard._resync,
    "ping": Dashboard._ping,
    "stale": Dashboard._stale,
    "fresh": Dashboard._fresh,
    CLOSED: Dashboard._closed,
    SNAPSHOT: Dashboard._snapshot,
}
