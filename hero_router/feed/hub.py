"""Fan-out: each client is a cursor. Nobody waits for a slow one, and nobody misses in silence.

A client that is up to date (*live*) is written to when the pace says so: at once, or joined with
what else comes in that moment. One whose transport is full is *parked*: nothing more is queued for
it until it drains; then it catches up from the ring, or is told its gap. One whose cursor is ahead
of this worker *waits*, for a bounded time. Nothing awaits, no task or timer belongs to a client.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence

from hero_router.feed.client import PLAIN, Client, Sink, State, Wish
from hero_router.feed.conditions import Conditions
from hero_router.feed.counts import Counts
from hero_router.feed.crowd import Crowd, alike
from hero_router.feed.doubts import BLIND
from hero_router.feed.herald import Herald
from hero_router.feed.pace import Pace
from hero_router.feed.resume import Gap
from hero_router.feed.ring import Ring, Train
from hero_router.feed.times import Times
from hero_router.feed.window import Window
from hero_router.model import Event
from hero_router.position import ORIGIN, Position

log = logging.getLogger(__name__)

SLICE_BYTES = 64 * 1024
"""Most bytes that one client can make wait: a sink that holds anything takes no more, and its
client is parked."""

AHEAD_SECONDS = 2.0
"""How long a cursor may be ahead of this worker before its position counts as unknown."""

COLD, LIVE, PARKED, WAITING, GONE = State


class Hub:
    """All clients of one worker. `clock` is monotonic seconds."""

    def __init__(
        self,
        ring: Ring,
        herald: Herald,
        times: Times,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ring, self._herald, self._times = ring, herald, times
        self.pace, self._clock = pace, clock
        self._window = Window(ring, SLICE_BYTES)
        self._next_ping = clock() + times.ping
        self._unsent = self._unmarked = 0
        self._ends_at: float | None = None
        self._warm, self._confirmed_at = False, clock()
        self.clients, self.counts = Crowd(), Counts()
        pace.work = self._flush

    def behind(self, client: Client) -> int:
        """How many events a client has not been sent yet, as far as can be known."""
        return self._ring.after(client.cursor) if client.state in (LIVE, PARKED) else 0

    @property
    def pending(self) -> int:
        """Deliveries that are still due: with `counts.settled` they make up `counts.owed`."""
        return sum(map(self.behind, self.clients))

    def join(self, sink: Sink, cursor: str | None, name: str, wish: Wish = PLAIN) -> Client:
        """Take a client that says it has seen all up to `cursor` (None: it is new); greets it."""
        now = self._clock()
        client = Client(sink, name, wish, cursor, now, self._times.end(now, self._herald.chance()))
        self.counts.joined += 1
        if self._warm:
            self._place(client)
        else:
            self.clients.enter(client, COLD)
            self._say(client, self._herald.greet(client, None))
            self._inform(client)
        return client

    def _place(self, client: Client) -> None:
        """Find a client's place in the window, and send what it is owed."""
        told = client.asked
        place = self._ring.head if told is None else Position.parse(told)
        due = Gap(None) if place is None else self._next(client, place)
        gap = due if isinstance(due, Gap) else None
        client.cursor = place if place and (gap is None or gap.inside) else self._ring.base
        self.clients.enter(client, LIVE)
        self.counts.owed += self.behind(client)
        self._say(client, self._herald.greet(client, None if gap else client.cursor))
        if gap is not None:
            self.counts.owed += gap.trimmed
            self._tell_gap(client, gap, "unknown_position" if gap.dropped is None else "trimmed")
        self._advance(client)

    def confirm(self) -> None:
        """The stream was asked just now: the ring's head is its head."""
        self._confirmed_at = self._clock()

    def leave(self, client: Client) -> None:
        """Forget a client whose connection is gone."""
        if client.state is not GONE:
            self._remove(client, "left")

    @property
    def chunk(self) -> int:
        """Most events of one `publish`: with what is unsent they never fill the ring."""
        return max(self._ring.limit // 2, 1)

    def publish(self, events: Iterable[Event]) -> None:
        """Take the next events, which follow the ring's head, and see to it that they are sent.

        No more than `chunk` at once: else clients would miss some that never had the chance.
        """
        pending = self.pending if self._ring.mixed else None
        number = self._window.append(events)
        listening = self.clients.number(LIVE, PARKED)
        self.counts.published += number
        self.counts.owed += number * listening if pending is None else self.pending - pending
        self._unsent += number
        self._unmarked += number
        self.pace.ask(urgent=self._unsent >= self._ring.limit // 2)

    def reload(self, window: Iterable[Event], head: Position, store: str) -> None:
        """Hold another window, read anew: judge every client again by the law of positions."""
        pending = self.pending
        self._window.reset(window, head, store)
        self.counts.owed += self.pending - pending
        self._unsent, self._warm = 0, True
        self.confirm()
        for client in self.clients.those(LIVE, WAITING):
            self._advance(client, lagged="trimmed")
        for client in self.clients.those(PARKED):
            if client.cursor > self._ring.head:
                self._wait(client)
        for client in self.clients.those(COLD):
            self._place(client)

    def start_anew(self) -> None:
        """What was shown is not what Redis holds, though no event is missing: each client is told
        that it knows nothing, and loads the state again.

        Who can hear nothing now is given a cursor that no window holds, and is told when it can.
        """
        for client in self.clients.those(LIVE):
            self._tell_gap(client, Gap(None), "store_changed")
            if client.sink.backlog():
                self._park(client)
        for client in self.clients.those(PARKED, WAITING):
            pending = self.behind(client)
            client.cursor = ORIGIN
            self.counts.owed += self.behind(client) - pending
        for client in self.clients.those(WAITING):
            self._advance(client)

    def _flush(self) -> bool:
        """Send what is due, to clients at one place the very same bytes; whether any are live."""
        self._unsent = 0
        live = self.clients.those(LIVE)
        for same in alike(live):
            if (train := self._ring.train_after(same[0].cursor, same[0].wish.only)) is None:
                continue
            left = self._send(same, train)
            for client in left if train.last is self._ring.head else same:
                self._advance(client)
        if self._unmarked >= self._ring.limit // 2:
            self._mark()
        for client in self.clients.those(WAITING):
            self._advance(client)
        return bool(live)

    def _mark(self) -> None:
        """Half a window has passed: who filters is told where it is, or it would fall out."""
        self._unmarked = 0
        for client in self.clients.those(LIVE):
            if client.wish.only is not None and client.heard != client.cursor:
                self._ping(client)

    def drained(self, client: Client) -> None:
        """A client has taken its backlog: a parked one catches up, or is told its gap."""
        if client.state is PARKED:
            self._advance(client)
        elif client.state is not GONE:
            self._inform(client)

    def doubt(self, conditions: Conditions) -> None:
        """The worker's view became doubtful, or sure again: tell everyone who can listen now."""
        self._herald.conditions = dict(conditions)
        for client in self.clients.those(LIVE, WAITING, COLD):
            self._inform(client)

    def _inform(self, client: Client) -> None:
        """Tell what is new of Redis and of the doubts: at once, or when what waits has gone."""
        if not client.sink.backlog() and (news := self._herald.news(client)):
            self._say(client, news)

    def _say(self, client: Client, frames: bytes) -> None:
        """Send what is no event. A live client for which any of it waits is parked.

        All that the hub sends goes through here or through `_send`: an event that is offered past
        waiting bytes would lie in the middle of another frame.
        """
        client.sink.write(frames)
        if client.state is LIVE and client.sink.backlog():
            self._park(client)

    def tick(self) -> None:
        """Do what time alone brings: keepalives, and the end of stalls, waits and streams."""
        now = self._clock()
        if now >= self._next_ping:
            self._next_ping = now + self._times.ping
            self._ping_all()
        for client in self.clients.those(PARKED):
            self._check_progress(client, now)
        for client in self.clients.those(WAITING):
            self._check_waiting(client, now)
        if self._times.age:
            for client in [each for each in self.clients.those(LIVE) if now >= each.until]:
                self._end(client, "aged")
        if self._ends_at is not None:
            self._end_some(self._ends_at - now)

    def close(self, over: float = 0.0) -> None:
        """End every stream, spread over so many seconds: each is told its own time to return."""
        self._ends_at = self._clock() + over
        self._end_some(over)

    def _end_some(self, seconds: float) -> None:
        number = self._times.share(len(self.clients), seconds)
        for client in self.clients.those(LIVE, COLD, WAITING, PARKED)[:number]:
            self._end(client, "shutdown")

    def _advance(self, client: Client, lagged: str = "lagged") -> None:
        """Write what the client is owed until it is live, has to wait, or its transport is full."""
        if client.cursor > self._ring.head:
            return self._wait(client)
        if client.state is WAITING:  # nothing was owed to it so far
            self.clients.enter(client, LIVE)
            self.counts.owed += self.behind(client)
        while not client.sink.backlog():
            due = self._next(client, client.cursor)
            if due is None:
                self.clients.enter(client, LIVE)
                return self._inform(client)
            if isinstance(due, Gap):
                self._close_gap(client, due, lagged)
            else:
                self._send((client,), due)
        return self._park(client)

    def _next(self, client: Client, cursor: Position) -> Train | Gap | None:
        return self._window.next(cursor, client.wish, client.holes)

    def _send(self, clients: Sequence[Client], train: Train) -> Sequence[Client]:
        """Offer a train to each; who takes only some of it is returned, and is past that."""
        left, datas, number = list[Client](), train.datas, len(train.datas)
        for client in clients:
            gone = client.sink.offer(datas) if datas else 0
            reached = train if gone == number else Train.of(*train.slices[: gone + 1])
            client.cursor = reached.last
            client.holes = max(client.holes - reached.lost, 0)
            if reached.heard is not None:
                client.heard = reached.heard
            if reached is not train:
                left.append(client)
                self.counts.take(reached)
        self.counts.take(train, len(clients) - len(left))
        return left

    def _close_gap(self, client: Client, gap: Gap, lagged: str) -> None:
        """Where the gap is unknown, what was thought to be pending was a guess: count anew."""
        before = self.behind(client)
        if not gap.inside:
            client.cursor = self._ring.base
        self.counts.owed += gap.trimmed + self.behind(client) - before
        reason = "trimmed" if gap.lost else lagged
        self._tell_gap(client, gap, "store_changed" if gap.dropped is None else reason)

    def _tell_gap(self, client: Client, gap: Gap, reason: str) -> None:
        """Holes that it tells of count as dropped when the client passes them."""
        self.counts.resyncs[reason] += 1
        self.counts.dropped += gap.trimmed
        client.holes = self._ring.holes_after(client.cursor)
        self._say(client, self._herald.resync(client, gap.dropped, reason, len(self.clients)))

    def _ping_all(self) -> None:
        """Only a client that has everything is given the head as its position."""
        self.pace.send()
        for client in self.clients.those(LIVE):
            self._ping(client)
        for client in self.clients.those(WAITING, COLD):
            if not client.sink.backlog():
                self._say(client, self._herald.ping_waiting())

    def _ping(self, client: Client) -> None:
        self._say(client, self._herald.ping(client))

    def _park(self, client: Client) -> None:
        now = self._clock()
        if client.state is not PARKED:
            self.counts.parked += 1
            client.parked_at = now
        self.clients.enter(client, PARKED)
        client.since, client.backlog = now, client.sink.backlog()

    def _check_progress(self, client: Client, now: float) -> None:
        backlog = client.sink.backlog()
        if backlog != client.backlog:
            client.since, client.backlog = now, backlog
        elif now - client.since >= self._times.stall:
            log.warning("client %s stood still for %gs: dropped", client.name, now - client.since)
            self._remove(client, "stalled")
            client.sink.abort()

    def _wait(self, client: Client) -> None:
        if client.state is not WAITING:
            client.since = self._clock()
        self.clients.enter(client, WAITING)
        self._inform(client)

    def _check_waiting(self, client: Client, now: float) -> None:
        """Only who has just asked Redis can say that a cursor is ahead of the stream itself."""
        if any(reason in BLIND for reason, _ in self._herald.conditions):
            client.since = now
        elif now - client.since >= AHEAD_SECONDS and self._confirmed_at > client.since:
            client.cursor = self._ring.base
            self._tell_gap(client, Gap(None), "unknown_position")
            self._advance(client)

    def _end(self, client: Client, cause: str) -> None:
        parked = client.state is PARKED
        self._remove(client, cause)
        if parked:
            client.sink.abort()
        else:
            client.sink.write(self._herald.farewell())
            client.sink.end()

    def _remove(self, client: Client, cause: str) -> None:
        self.counts.abandoned += self.behind(client)
        self.counts.closed[cause] += 1
        self.clients.enter(client, GONE)
