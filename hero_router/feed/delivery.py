"""Writes to one client what it is owed, by its cursor, and moves it between its states.

The hub says when; here is how far a client gets: until it has everything (live), until its
transport takes no more (parked), or until this worker knows its position (waiting).
"""

from collections.abc import Callable, Sequence

from hero_router.feed.control import Herald
from hero_router.feed.crowd import Crowd
from hero_router.feed.resume import Gap
from hero_router.feed.ring import Ring, Train
from hero_router.feed.stats import Counts
from hero_router.feed.subscribers import Client, State
from hero_router.feed.window import Window
from hero_router.position import Position

_, LIVE, PARKED, WAITING, GONE = State


class Delivery:
    """The clients of one worker, and what was delivered to them. `clock` is monotonic seconds."""

    def __init__(
        self, ring: Ring, window: Window, herald: Herald, clock: Callable[[], float]
    ) -> None:
        self._ring, self._window, self._herald, self._clock = ring, window, herald, clock
        self.clients, self.counts = Crowd(), Counts()

    def behind(self, client: Client) -> int:
        """How many events a client has not been sent yet, as far as can be known."""
        return self._ring.after(client.cursor) if client.state in (LIVE, PARKED) else 0

    @property
    def pending(self) -> int:
        """Deliveries that are still due: with `counts.settled` they make up `counts.owed`."""
        return sum(map(self.behind, self.clients))

    def place(self, client: Client) -> None:
        """Find a client's place in the window, and send what it is owed."""
        told = client.asked
        place = self._ring.head if told is None else Position.parse(told)
        due = Gap(None) if place is None else self._next(client, place)
        gap = due if isinstance(due, Gap) else None
        client.cursor = place if place and (gap is None or gap.inside) else self._ring.base
        self.clients.enter(client, LIVE)
        self.counts.owed += self.behind(client)
        self.say(client, self._herald.greet(client, None if gap else client.cursor))
        if gap is not None:
            self.counts.owed += gap.trimmed
            self.tell_gap(client, gap, "unknown_position" if gap.dropped is None else "trimmed")
        self.advance(client)

    def advance(self, client: Client, lagged: str = "lagged") -> None:
        """Write what the client is owed until it is live, has to wait, or its transport is full.

        `lagged` is the reason of a gap that came about before the window.
        """
        if client.cursor > self._ring.head:
            return self.wait(client)
        if client.state is WAITING:  # nothing was owed to it so far
            self.clients.enter(client, LIVE)
            self.counts.owed += self.behind(client)
        while not client.sink.backlog():
            due = self._next(client, client.cursor)
            if due is None:
                self.clients.enter(client, LIVE)
                return self.inform(client)
            if isinstance(due, Gap):
                self._close_gap(client, due, lagged)
            else:
                self.send((client,), due)
        return self._park(client)

    def _next(self, client: Client, cursor: Position) -> Train | Gap | None:
        return self._window.next(cursor, client.wish, client.holes)

    def send(self, clients: Sequence[Client], train: Train) -> Sequence[Client]:
        """Offer a train to each; who takes only some of it is returned, and is past that."""
        left, datas, number = list[Client](), train.datas, len(train.datas)
        for client in clients:
            gone = client.sink.offer(datas) if datas else 0
            reached = train if gone == number else Train.of(*train.slices[: gone + 1])
            client.cursor = reached.last
            if client.holes:
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
        self.tell_gap(client, gap, "store_changed" if gap.dropped is None else reason)

    def tell_gap(self, client: Client, gap: Gap, reason: str) -> None:
        """Tell a client what it missed. Holes count as dropped when the client passes them."""
        self.counts.resyncs[reason] += 1
        self.counts.dropped += gap.trimmed
        client.holes = self._ring.holes_after(client.cursor)
        self.say(client, self._herald.resync(client, gap.dropped, reason, len(self.clients)))

    def inform(self, client: Client) -> None:
        """Tell what is new of Redis and of the doubts: at once, or when what waits has gone."""
        if not client.sink.backlog() and (news := self._herald.news(client)):
            self.say(client, news)

    def say(self, client: Client, frames: bytes) -> None:
        """Send what is no event. A live client for which any of it waits is parked.

        All that clients are sent goes through here or through `send`: an event that is offered
        past waiting bytes would lie in the middle of another frame.
        """
        client.sink.write(frames)
        if client.state is LIVE and client.sink.backlog():
            self._park(client)

    def _park(self, client: Client) -> None:
        now = self._clock()
        if client.state is not PARKED:
            self.counts.parked += 1
            client.parked_at = now
        self.clients.enter(client, PARKED)
        client.since, client.backlog = now, client.sink.backlog()

    def wait(self, client: Client) -> None:
        """The client's cursor is ahead of this worker: it is sent no events for now."""
        if client.state is not WAITING:
            client.since = self._clock()
        self.clients.enter(client, WAITING)
        self.inform(client)

    def remove(self, client: Client, cause: str) -> None:
        """Forget a client; what was still due to it is abandoned."""
        self.counts.abandoned += self.behind(client)
        self.counts.closed[cause] += 1
        self.clients.enter(client, GONE)
