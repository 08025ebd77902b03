"""A dashboard as the state machine's client: it folds, it recovers, and it is the oracle's witness.

Each message is checked as it comes: positions strictly increase without a gap, no event comes
twice, and every jump is covered by one resync that says exactly the jump, or null where nobody can
know it. An event that was deleted is told as well, and a ping stands at its position.
"""

import json
from collections.abc import Mapping
from typing import Any

from hero_router.feed.subscribers import Subscriber, SubscriberState
from hero_router.position import ORIGIN, Position
from hero_router.sse import Message, Parser
from tests.feed.world import OneByOne
from tests.machines.world import KERNEL_BYTES, Worker, World


class Page(OneByOne):
    """One browser: keeps its state and position over connections to any worker."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stalled = False
        self.worker: Worker | None = None
        self._client: Subscriber | None = None
        self._place: Position | None = None
        self._state: dict[str, Mapping[str, Any]] = {}
        self._snapshot_at: Position | None = None
        self._wanted, self._store = True, ""
        self._base: Position | None = None
        self._since: list[tuple[Position, Mapping[str, Any]]] = []
        self._seen: set[Position] = set()
        self._missing: int | None = 0
        self._waiting, self._parser = b"", Parser()

    # The sink that the hub writes to.

    def write(self, data: bytes) -> None:
        """Take the bytes, or let them wait while stalled."""
        self._waiting += data
        if not self.stalled:
            self._take()

    def buffered(self) -> int:
        """How much waits beyond what the kernel takes: a few events."""
        return max(len(self._waiting) - KERNEL_BYTES, 0)

    def close(self) -> None:
        """The worker ended the stream."""

    def abort(self) -> None:
        """The worker dropped the connection."""

    # What the page does.

    def connect(self, worker: Worker) -> None:
        """Connect, or reconnect to this worker, with the position it has."""
        self.disconnect()
        self.worker, self._parser = worker, Parser()
        cursor = None if self._place is None else str(self._place)
        self._client = worker.hub.subscribe(self, cursor, "page")

    def disconnect(self) -> None:
        """The connection is lost, with all that was on its way."""
        if self.worker and self._client and self._client.state is not SubscriberState.CLOSED:
            self.worker.hub.unsubscribe(self._client)
        self._waiting, self._client, self.worker, self.stalled = b"", None, None, False

    def resume(self) -> None:
        """A stall ends: everything is read, and the hub may go on."""
        self.stalled = False
        self._take()
        while self.worker and self._client and self._client.state is SubscriberState.BLOCKED:
            self.worker.hub.writable(self._client)
            self._take()

    def fetch(self, worker: Worker) -> None:
        """GET /api/services, if one is due, from any worker.

        An answer from before the resync is refused; what has come since is applied on top.
        """
        ring, mirror = worker.ring, worker.mirror
        if not self._wanted or (self._store and ring.run_id != self._store):
            return
        if self._base is not None and mirror.head < self._base:
            return
        self._state = {str(each["id"]): each for each in mirror.services()}
        self._snapshot_at, self._wanted = mirror.head, False
        # A page that was never connected begins its stream at its snapshot (`?cursor=`).
        self._place = mirror.head if self._place is None else self._place
        for place, data in self._since:
            self._fold(place, data)
        self._since.clear()

    def settled(self, worker: Worker) -> Mapping[str, Mapping[str, Any]]:
        """The state once everything has come to rest."""
        self.resume()
        self.fetch(worker)
        assert not self._wanted, "the page still waits for a snapshot it may take"
        return self._state

    # The oracle.

    def _take(self) -> None:
        data, self._waiting = self._waiting, b""
        for message in self._parser.feed(data):
            self._read(message)

    def _read(self, message: Message) -> None:
        place = Position.parse(message.last_id)
        if message.event == "hello":
            self._store = json.loads(message.data)["run_id"]
            self._check_hello(place)
        elif message.event == "resync":
            assert place is not None
            self._check_resync(place, json.loads(message.data))
        elif message.event == "ping":
            if place not in (None, self._place):
                self._check_hole(place)
        elif message.event not in ("stale", "fresh"):
            assert place is not None
            self._check_event(place)
            data = json.loads(message.data)
            if self._wanted:
                self._since.append((place, data))
            self._fold(place, data)

    def _check_hello(self, place: Position | None) -> None:
        """A new client starts at the head; another one at its place, or a resync follows."""
        if self._place is None:
            self._place = self._base = place

    def _check_resync(self, base: Position, data: Mapping[str, Any]) -> None:
        before, dropped = self._place, data["dropped"]
        assert before is not None
        if dropped is None:
            assert not self._countable(before, base), f"{before} to {base} could have been counted"
            self._seen.clear()
            self._snapshot_at = None
        else:
            assert before.epoch == base.epoch
            assert 0 < dropped >= base.seq - before.seq
        self._missing = None if dropped is None else dropped - (base.seq - before.seq)
        self._place, self._wanted, self._store = base, True, data["run_id"]
        self._base, self._since = base, []

    def _check_hole(self, place: Position) -> None:
        """The ping at a position that holds no event; a resync has told of it."""
        before = self._place
        assert before is not None
        assert place == before.next() or (place.seq == 1 and place.epoch > before.epoch)
        assert place in self.world.deleted, "a ping is ahead of the data"
        assert self._missing != 0, f"{place} is missing, and no resync told so"
        self._missing = self._missing and self._missing - 1
        self._place = place

    def _countable(self, before: Position, base: Position) -> bool:
        """Whether both places lie in one epoch of the world's history: the gap is a number."""
        return before in self.world.kept and before.epoch == base.epoch and before < base

    def _check_event(self, place: Position) -> None:
        before = self._place
        assert before is not None
        assert place not in self._seen, f"{place} came twice"
        assert place > before, f"{place} after {before}"
        if place != before.next():
            opens_epoch = place.seq == 1 and place.epoch > before.epoch
            follows = (
                before == ORIGIN or before.seq == 0 or (before, place) in self.world.neighbours
            )
            assert opens_epoch, f"a silent gap from {before} to {place}"
            assert follows, f"events between {before} and {place} are missing"
        self._seen.add(place)
        self._place = place

    def _fold(self, place: Position, data: Mapping[str, Any]) -> None:
        if self._snapshot_at is not None and place <= self._snapshot_at:
            return
        record = data.get("service")
        if record is None:
            self._state.pop(data["id"], None)
        else:
            self._state[record["id"]] = record
