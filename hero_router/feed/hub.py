"""Fan-out: each client is a cursor. Nobody waits for a slow one, and nobody misses in silence.

A client that is up to date (*live*) is written to as events arrive. One whose transport is full is
*parked*: nothing more is queued for it until it drains; then it catches up from the ring, or is
told its gap. One whose cursor is ahead of this worker *waits*, for a bounded time. Nothing awaits,
so whenever the loop runs something else, live means that the cursor is the ring's head.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hero_router import sse
from hero_router.feed.client import Client, Sink, State
from hero_router.feed.conditions import Conditions, frames
from hero_router.feed.resume import Ahead, Gap
from hero_router.feed.ring import Ring
from hero_router.position import Position

log = logging.getLogger(__name__)

HIGH_WATER = 64 * 1024
"""A client with more bytes than this waiting in its transport is parked."""

SLICE_BYTES = 64 * 1024
"""Most bytes handed to a transport at once: a slow client holds this and HIGH_WATER at most."""

AHEAD_SECONDS = 2.0
"""How long a cursor may be ahead of this worker before its position counts as unknown."""

AFTER_MS_PER_CLIENT = 2
AFTER_MS_MOST = 10_000
"""Re-fetches after a resync are spread over this much time for each connected client."""

RETRY_MS = 1_000
"""Least time until a client reconnects; each is told up to three times as much, by chance."""


@dataclass(slots=True)
class Counts:
    """What the hub has done since the worker began, in clients and (`dropped`) in events."""

    joined: int = 0
    parked: int = 0
    resyncs: int = 0
    dropped: int = 0
    aborted: int = 0


class Hub:
    """All clients of one worker.

    `greeting` makes the rest of each hello; a client without progress for `stall_seconds` is
    dropped; `clock` is monotonic seconds; `chance` is uniform in [0, 1).
    """

    def __init__(
        self,
        ring: Ring,
        *,
        greeting: Callable[[], Mapping[str, object]],
        ping_seconds: float,
        stall_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._ring, self._greeting = ring, greeting
        self._ping_seconds, self._stall_seconds = ping_seconds, stall_seconds
        self._clock, self._chance = clock, chance
        self._clients: dict[State, set[Client]] = {
            state: set() for state in State if state is not State.GONE
        }
        self._conditions: Conditions = {}
        self._next_ping = clock() + ping_seconds
        self.counts = Counts()

    def __len__(self) -> int:
        return sum(map(len, self._clients.values()))

    def number(self, state: State) -> int:
        """How many clients are in a state."""
        return len(self._clients[state])

    def join(self, sink: Sink, cursor: str | None, name: str) -> Client:
        """Take a client that says it has seen all up to `cursor` (None: it is new); greets it."""
        client = Client(sink, name)
        self.counts.joined += 1
        place = self._ring.head if cursor is None else Position.parse(cursor)
        verdict = Gap(None) if place is None else self._ring.resume(place)
        client.cursor = self._ring.base if place is None or isinstance(verdict, Gap) else place
        self._enter(client, State.LIVE)
        self._greet(client)
        if isinstance(verdict, Gap):
            reason = "unknown_position" if verdict.dropped is None else "trimmed"
            self._resync(client, verdict.dropped, reason)
        self._advance(client)
        return client

    def leave(self, client: Client) -> None:
        """Forget a client whose connection is gone."""
        self._enter(client, State.GONE)

    def published(self, before: Position) -> None:
        """The ring has grown: send what came after `before`, the head until now."""
        part = self._ring.slice_after(before)
        if part is None:
            return
        complete = part.last == self._ring.head
        for client in tuple(self._clients[State.LIVE]):
            client.sink.write(part.data)
            client.cursor = part.last
            if not complete or client.sink.backlog() > HIGH_WATER:
                self._advance(client)
        self._rejudge_waiting()

    def reloaded(self) -> None:
        """The ring was made anew: judge every client again by the law of positions."""
        for client in tuple(self._clients[State.LIVE]):
            self._advance(client, lagged="trimmed")
        self._rejudge_waiting()

    def drained(self, client: Client) -> None:
        """A parked client has taken its backlog: it catches up, or is told its gap."""
        if client.state is State.PARKED:
            self._advance(client)

    def doubt(self, conditions: Conditions) -> None:
        """The worker's view became doubtful, or sure again: tell everyone who can listen now."""
        self._conditions = dict(conditions)
        for client in tuple(self._clients[State.LIVE] | self._clients[State.WAITING]):
            self._tell(client)

    def tick(self) -> None:
        """Everything that time alone brings: keepalive, stalled clients, waits that end."""
        now = self._clock()
        if now >= self._next_ping:
            self._next_ping = now + self._ping_seconds
            self._ping()
        for client in tuple(self._clients[State.PARKED]):
            self._check_progress(client, now)
        if any(reason == "redis" for reason, _ in self._conditions):
            self._hold_waiting(now)
        else:
            self._end_waiting(now)

    def close(self) -> None:
        """End every stream: each client is told its own time to reconnect; nothing is lost."""
        for clients in tuple(map(tuple, self._clients.values())):
            for client in clients:
                self._end(client)

    def _advance(self, client: Client, lagged: str = "lagged") -> None:
        """Write what the client is owed until it is live, has to wait, or its transport is full."""
        while client.sink.backlog() <= HIGH_WATER:
            verdict = self._ring.resume(client.cursor)
            if isinstance(verdict, Ahead):
                return self._wait(client)
            if isinstance(verdict, Gap):
                reason = "store_changed" if verdict.dropped is None else lagged
                self._resync(client, verdict.dropped, reason)
            part = self._ring.slice_after(client.cursor)
            if part is None:
                self._enter(client, State.LIVE)
                return self._tell(client)
            client.sink.write(part.data)
            client.cursor = part.last
        return self._park(client)

    def _resync(self, client: Client, dropped: int | None, reason: str) -> None:
        """Tell the client how many events it missed; it goes on with the whole window."""
        ring = self._ring
        spread = min(len(self) * AFTER_MS_PER_CLIENT, AFTER_MS_MOST)
        after_ms = int(self._chance() * spread)
        data = {"dropped": dropped, "reason": reason, "after_ms": after_ms, "store": ring.store}
        client.cursor, client.store = ring.base, ring.store
        client.sink.write(sse.frame("resync", data, position=client.cursor))
        self.counts.resyncs += 1
        self.counts.dropped += dropped or 0
        missed = "an unknown number of" if dropped is None else dropped
        log.warning("client %s missed %s events (%s): resync sent", client.name, missed, reason)

    def _greet(self, client: Client) -> None:
        """Also greets anew when Redis is another process: snapshots are told apart by it."""
        client.store = self._ring.store
        data = {"cursor": str(client.cursor), "store": client.store, **self._greeting()}
        retry_ms = self._retry_ms()
        hello = sse.frame("hello", data, position=client.cursor, retry_ms=retry_ms)
        client.sink.write(hello)

    def _tell(self, client: Client) -> None:
        if client.store != self._ring.store:
            self._greet(client)
        if client.told is not self._conditions:
            if news := frames(client.told, self._conditions):
                client.sink.write(news)
            client.told = self._conditions

    def _ping(self) -> None:
        """Only a client that has everything is given the head as its position."""
        current = sse.frame("ping", {}, position=self._ring.head)
        for client in self._clients[State.LIVE]:
            client.sink.write(current)
        for client in self._clients[State.WAITING]:
            client.sink.write(sse.frame("ping", {}))

    def _park(self, client: Client) -> None:
        if client.state is not State.PARKED:
            self.counts.parked += 1
        self._enter(client, State.PARKED)
        client.since, client.backlog = self._clock(), client.sink.backlog()
        client.sink.parked()

    def _check_progress(self, client: Client, now: float) -> None:
        backlog = client.sink.backlog()
        if backlog != client.backlog:
            client.since, client.backlog = now, backlog
        elif now - client.since >= self._stall_seconds:
            log.warning("client %s took no byte for %gs: dropped", client.name, now - client.since)
            self.counts.aborted += 1
            self._enter(client, State.GONE)
            client.sink.abort()

    def _wait(self, client: Client) -> None:
        if client.state is not State.WAITING:
            client.since = self._clock()
        self._enter(client, State.WAITING)
        self._tell(client)

    def _rejudge_waiting(self) -> None:
        for client in tuple(self._clients[State.WAITING]):
            self._advance(client)

    def _hold_waiting(self, now: float) -> None:
        """Without Redis nobody can say whether a cursor is ahead of the stream itself."""
        for client in self._clients[State.WAITING]:
            client.since = now

    def _end_waiting(self, now: float) -> None:
        for client in tuple(self._clients[State.WAITING]):
            if now - client.since >= AHEAD_SECONDS:
                self._resync(client, None, "unknown_position")
                self._advance(client)

    def _end(self, client: Client) -> None:
        if client.state is State.PARKED:
            client.sink.abort()
        else:
            client.sink.write(sse.retry(self._retry_ms()))
            client.sink.end()
        self._enter(client, State.GONE)

    def _enter(self, client: Client, state: State) -> None:
        if client.state is not State.GONE:
            self._clients[client.state].discard(client)
        if state is not State.GONE:
            self._clients[state].add(client)
        client.state = state

    def _retry_ms(self) -> int:
        return int(RETRY_MS * (1 + 2 * self._chance()))
