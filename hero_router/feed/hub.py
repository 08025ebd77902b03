"""Fan-out: each client is a cursor. Nobody waits for a slow one, and nobody misses in silence.

A client that is up to date (*live*) is written to when the pace says so: at once, or joined with
what else comes in that moment. One whose transport is full is *parked*: nothing more is queued for
it until it drains; then it catches up from the ring, or is told its gap. One whose cursor is ahead
of this worker *waits*, for a bounded time. Nothing awaits, no task or timer belongs to a client.
"""

import logging
import time
from collections.abc import Callable, Iterable

from hero_router.feed.conditions import ConditionMap
from hero_router.feed.control import ControlFrames
from hero_router.feed.crowd import group_by_position
from hero_router.feed.delivery import Delivery
from hero_router.feed.doubts import BLIND
from hero_router.feed.flush import FlushScheduler
from hero_router.feed.resume import Gap
from hero_router.feed.ring import Ring
from hero_router.feed.subscribers import (
    DEFAULT_OPTIONS,
    Sink,
    SubscribeOptions,
    Subscriber,
    SubscriberState,
)
from hero_router.feed.timing import StreamTiming
from hero_router.feed.window import Window
from hero_router.model import Event
from hero_router.position import ORIGIN, Position

log = logging.getLogger(__name__)

SLICE_BYTES = 64 * 1024
"""Most bytes that one client can make wait: a sink that holds anything takes no more, and its
client is parked."""

AHEAD_SECONDS = 2.0
"""How long a cursor may be ahead of this worker before its position counts as unknown."""

COLD, LIVE, PARKED, WAITING, GONE = SubscriberState


class Hub:
    """All clients of one worker. `clock` is monotonic seconds."""

    def __init__(
        self,
        ring: Ring,
        herald: ControlFrames,
        times: StreamTiming,
        pace: FlushScheduler,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ring, self._herald, self._times = ring, herald, times
        self.pace, self._clock = pace, clock
        self._window = Window(ring, SLICE_BYTES)
        self._delivery = Delivery(ring, self._window, herald, clock)
        self.clients, self.counts = self._delivery.clients, self._delivery.counts
        self._next_ping = clock() + times.ping
        self._unsent = self._unmarked = 0
        self._ends_at: float | None = None
        self._warm, self._confirmed_at = False, clock()
        pace.on_flush = self._flush

    def behind(self, client: Subscriber) -> int:
        """How many events a client has not been sent yet, as far as can be known."""
        return self._delivery.lag(client)

    @property
    def pending(self) -> int:
        """Deliveries that are still due: with `counts.settled` they make up `counts.owed`."""
        return self._delivery.pending

    def subscribe(
        self,
        sink: Sink,
        cursor: str | None,
        name: str,
        wish: SubscribeOptions = DEFAULT_OPTIONS,
        owner: object = None,
    ) -> Subscriber:
        """Take a client that says it has seen all up to `cursor` (None: it is new); greets it."""
        now = self._clock()
        client = Subscriber(
            sink, name, wish, cursor, now, self._times.expires_at(now, self._herald.jitter())
        )
        client.owner = owner
        self.counts.joined += 1
        if self._warm:
            self._delivery.place(client)
        else:
            self.clients.move(client, COLD)
            self._delivery.say(client, self._herald.hello(client, None))
            self._delivery.inform(client)
        return client

    def mark_current(self) -> None:
        """The stream was asked just now: the ring's head is its head."""
        self._confirmed_at = self._clock()

    def unsubscribe(self, client: Subscriber) -> None:
        """Forget a client whose connection is gone."""
        if client.state is not GONE:
            self._delivery.remove(client, "left")

    @property
    def max_publish(self) -> int:
        """Most events of one `publish`: with what is unsent they never fill the ring."""
        return max(self._ring.limit // 2, 1)

    def publish(self, events: Iterable[Event]) -> None:
        """Take the next events, which follow the ring's head, and see to it that they are sent.

        No more than `chunk` at once: else clients would miss some that never had the chance.
        """
        pending = self.pending if self._ring.spans_epochs else None
        number = self._window.append(events)
        listening = self.clients.count(LIVE, PARKED)
        self.counts.published += number
        self.counts.expected += number * listening if pending is None else self.pending - pending
        self._unsent += number
        self._unmarked += number
        self.pace.request(urgent=self._unsent >= self._ring.limit // 2)

    def reload(self, window: Iterable[Event], head: Position, store: str) -> None:
        """Hold another window, read anew: judge every client again by the law of positions."""
        pending = self.pending
        self._window.reset(window, head, store)
        self.counts.expected += self.pending - pending
        self._unsent, self._warm = 0, True
        self.mark_current()
        for client in self.clients.in_state(LIVE, WAITING):
            self._delivery.advance(client, lagged="trimmed")
        for client in self.clients.in_state(PARKED):
            if client.cursor > self._ring.head:
                self._delivery.wait(client)
        for client in self.clients.in_state(COLD):
            self._delivery.place(client)

    def start_anew(self) -> None:
        """What was shown is not what Redis holds, though no event is missing: each client is told
        that it knows nothing, and loads the state again.

        Who can hear nothing now is given a cursor that no window holds, and is told when it can.
        """
        for client in self.clients.in_state(PARKED, WAITING):
            pending = self.behind(client)
            client.cursor = ORIGIN
            self.counts.expected += self.behind(client) - pending
        waiting = self.clients.in_state(WAITING)
        for client in self.clients.in_state(LIVE):
            self._delivery.tell_gap(client, Gap(None), "store_changed")
        for client in waiting:
            self._delivery.advance(client)

    def _flush(self) -> bool:
        """Send what is due, to clients at one place the very same bytes; whether any are live."""
        self._unsent = 0
        live = self.clients.in_state(LIVE)
        for same in group_by_position(live):
            if (train := self._ring.train_after(same[0].cursor, same[0].options.filter)) is None:
                continue
            left = self._delivery.send(same, train)
            for client in left if train.last is self._ring.head else same:
                self._delivery.advance(client)
        if self._unmarked >= self._ring.limit // 2:
            self._mark()
        for client in self.clients.in_state(WAITING):
            self._delivery.advance(client)
        return bool(live)

    def _mark(self) -> None:
        """Half a window has passed: who filters is told where it is, or it would fall out."""
        self._unmarked = 0
        for client in self.clients.in_state(LIVE):
            if client.options.filter is not None and client.last_event_id != client.cursor:
                self._ping(client)

    def drained(self, client: Subscriber) -> None:
        """A client has taken its backlog: a parked one catches up, or is told its gap."""
        if client.state is PARKED:
            self._delivery.advance(client)
        elif client.state is not GONE:
            self._delivery.inform(client)

    def send_conditions(self, conditions: ConditionMap) -> None:
        """The worker's view became doubtful, or sure again: tell everyone who can listen now."""
        self._herald.conditions = dict(conditions)
        for client in self.clients.in_state(LIVE, WAITING, COLD):
            self._delivery.inform(client)

    def tick(self) -> None:
        """Do what time alone brings: keepalives, and the end of stalls, waits and streams."""
        now = self._clock()
        if now >= self._next_ping:
            self._next_ping = now + self._times.ping
            self._ping_all()
        for client in self.clients.in_state(PARKED):
            self._check_progress(client, now)
        for client in self.clients.in_state(WAITING):
            self._check_waiting(client, now)
        if self._times.age:
            for client in [each for each in self.clients.in_state(LIVE) if now >= each.expires_at]:
                self._end(client, "aged")
        if self._ends_at is not None:
            self._end_some(self._ends_at - now)

    def close(self, over: float = 0.0) -> None:
        """End every stream, spread over so many seconds: each is told its own time to return."""
        self._ends_at = self._clock() + over
        self._end_some(over)

    def _end_some(self, seconds: float) -> None:
        number = self._times.drain_count(len(self.clients), seconds)
        for client in self.clients.in_state(LIVE, COLD, WAITING, PARKED)[:number]:
            self._end(client, "shutdown")

    def _ping_all(self) -> None:
        """Only a client that has everything is given the head as its position."""
        self.pace.flush()
        for client in self.clients.in_state(LIVE):
            self._ping(client)
        for client in self.clients.in_state(WAITING, COLD):
            if not client.sink.buffered():
                self._delivery.say(client, self._herald.bare_ping())

    def _ping(self, client: Subscriber) -> None:
        self._delivery.say(client, self._herald.ping(client))

    def _check_progress(self, client: Subscriber, now: float) -> None:
        backlog = client.sink.buffered()
        if backlog != client.buffered:
            client.state_since, client.buffered = now, backlog
        elif now - client.state_since >= self._times.stall:
            log.warning(
                "client %s stood still for %gs: dropped", client.name, now - client.state_since
            )
            self._delivery.remove(client, "stalled")
            client.sink.abort()

    def _check_waiting(self, client: Subscriber, now: float) -> None:
        """Only who has just asked Redis can say that a cursor is ahead of the stream itself."""
        if any(reason in BLIND for reason, _ in self._herald.conditions):
            client.state_since = now
        elif now - client.state_since >= AHEAD_SECONDS and self._confirmed_at > client.state_since:
            client.cursor = self._ring.start
            self._delivery.tell_gap(client, Gap(None), "unknown_position")
            self._delivery.advance(client)

    def _end(self, client: Subscriber, cause: str) -> None:
        parked = client.state is PARKED
        self._delivery.remove(client, cause)
        if parked:
            client.sink.abort()
        else:
            client.sink.write(self._herald.retry())
            client.sink.close()
