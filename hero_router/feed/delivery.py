"""Writes to one client what it is owed, by its cursor, and moves it between its states.

The hub says when; here is how far a client gets: until it has everything (live), until its
transport takes no more (parked), or until this worker knows its position (waiting).
"""

from collections.abc import Callable, Sequence

from hero_router.feed.control import ControlFrames
from hero_router.feed.crowd import Subscribers
from hero_router.feed.resume import Gap
from hero_router.feed.ring import Batch, Ring
from hero_router.feed.stats import DeliveryStats
from hero_router.feed.subscribers import Subscriber, SubscriberState
from hero_router.feed.window import Window
from hero_router.position import Position

_, LIVE, PARKED, WAITING, GONE = SubscriberState


class Delivery:
    """The clients of one worker, and what was delivered to them. `clock` is monotonic seconds."""

    def __init__(
        self, ring: Ring, window: Window, herald: ControlFrames, clock: Callable[[], float]
    ) -> None:
        self._ring, self._window, self._herald, self._clock = ring, window, herald, clock
        self.clients, self.counts = Subscribers(), DeliveryStats()

    def lag(self, client: Subscriber) -> int:
        """How many events a client has not been sent yet, as far as can be known."""
        return self._ring.lag(client.cursor) if client.state in (LIVE, PARKED) else 0

    @property
    def pending(self) -> int:
        """Deliveries that are still due: with `counts.settled` they make up `counts.owed`."""
        return sum(map(self.lag, self.clients))

    def place(self, client: Subscriber) -> None:
        """Find a client's place in the window, and send what it is owed."""
        told = client.requested_id
        place = self._ring.head if told is None else Position.parse(told)
        due = Gap(None) if place is None else self._next(client, place)
        gap = due if isinstance(due, Gap) else None
        client.cursor = place if place and (gap is None or gap.inside) else self._ring.start
        self.clients.move(client, LIVE)
        self.counts.expected += self.lag(client)
        self.say(client, self._herald.hello(client, None if gap else client.cursor))
        if gap is not None:
            self.counts.expected += gap.trimmed
            self.tell_gap(client, gap, "unknown_position" if gap.dropped is None else "trimmed")
        self.advance(client)

    def advance(self, client: Subscriber, lagged: str = "lagged") -> None:
        """Write what the client is owed until it is live, has to wait, or its transport is full.

        `lagged` is the reason of a gap that came about before the window.
        """
        if client.cursor > self._ring.head:
            return self.wait(client)
        if client.state is WAITING:  # nothing was owed to it so far
            self.clients.move(client, LIVE)
            self.counts.expected += self.lag(client)
        while not client.sink.buffered():
            due = self._next(client, client.cursor)
            if due is None:
                self.clients.move(client, LIVE)
                return self.inform(client)
            if isinstance(due, Gap):
                self._close_gap(client, due, lagged)
            else:
                self.send((client,), due)
        return self._park(client)

    def _next(self, client: Subscriber, cursor: Position) -> Batch | Gap | None:
        return self._window.next_batch(cursor, client.options, client.told_holes)

    def send(self, clients: Sequence[Subscriber], train: Batch) -> Sequence[Subscriber]:
        """Offer a train to each; who takes only some of it is returned, and is past that."""
        left, datas, number = list[Subscriber](), train.buffers, len(train.buffers)
        for client in clients:
            gone = client.sink.write_many(datas) if datas else 0
            reached = train if gone == number else Batch.of(*train.slices[: gone + 1])
            client.cursor = reached.last
            if client.told_holes:
                client.told_holes = max(client.told_holes - reached.lost, 0)
            if reached.last_id is not None:
                client.last_event_id = reached.last_id
            if reached is not train:
                left.append(client)
                self.counts.add(reached)
        self.counts.add(train, len(clients) - len(left))
        return left

    def _close_gap(self, client: Subscriber, gap: Gap, lagged: str) -> None:
        """Where the gap is unknown, what was thought to be pending was a guess: count anew."""
        before = self.lag(client)
        if not gap.inside:
            client.cursor = self._ring.start
        self.counts.expected += gap.trimmed + self.lag(client) - before
        reason = "trimmed" if gap.lost else lagged
        self.tell_gap(client, gap, "store_changed" if gap.dropped is None else reason)

    def tell_gap(self, client: Subscriber, gap: Gap, reason: str) -> None:
        """Tell a client what it missed. Holes count as dropped when the client passes them."""
        self.counts.resyncs[reason] += 1
        self.counts.dropped += gap.trimmed
        client.told_holes = self._ring.holes_after(client.cursor)
        self.say(client, self._herald.resync(client, gap.dropped, reason, len(self.clients)))

    def inform(self, client: Subscriber) -> None:
        """Tell what is new of Redis and of the doubts: at once, or when what waits has gone."""
        if not client.sink.buffered() and (news := self._herald.changes(client)):
            self.say(client, news)

    def say(self, client: Subscriber, frames: bytes) -> None:
        """Send what is no event. A live client for which any of it waits is parked.

        All that clients are sent goes through here or through `send`: an event that is offered
        past waiting bytes would lie in the middle of another frame.
        """
        client.sink.write(frames)
        if client.state is LIVE and client.sink.buffered():
            self._park(client)

    def _park(self, client: Subscriber) -> None:
        now = self._clock()
        if client.state is not PARKED:
            self.counts.parked += 1
            client.blocked_at = now
        self.clients.move(client, PARKED)
        client.state_since, client.buffered = now, client.sink.buffered()

    def wait(self, client: Subscriber) -> None:
        """The client's cursor is ahead of this worker: it is sent no events for now."""
        if client.state is not WAITING:
            client.state_since = self._clock()
        self.clients.move(client, WAITING)
        self.inform(client)

    def remove(self, client: Subscriber, cause: str) -> None:
        """Forget a client; what was still due to it is abandoned."""
        self.counts.abandoned += self.lag(client)
        self.counts.closed[cause] += 1
        self.clients.move(client, GONE)
