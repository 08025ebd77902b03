"""Fan-out: sends each event to all subscribers of one worker whose filter lets it through.

A slow subscriber delays no other. A subscriber is one client's stream; its cursor is the last
position that was sent to it or filtered out. The ring has the newest events of the stream. A
subscriber with an open stream is in one of these states:

- LIVE: it is up to date. The flush scheduler decides when it is sent new events.
- BLOCKED: its connection takes no more bytes, so no more are queued. When the client has read on,
  it is sent the missed events from the ring, or a `resync` event if the ring no longer has them.
- AHEAD: its cursor is later than the newest event that this worker has read. It waits for a limited
  time, then it is sent a `resync` event.

All functions are synchronous; no subscriber has a task or timer of its own.
"""

import time
from collections.abc import Callable, Sequence

from hero_router.feed.batch_builder import BatchBuilder
from hero_router.feed.conditions import Condition
from hero_router.feed.control_frames import ControlFrames
from hero_router.feed.event_sender import EventSender
from hero_router.feed.flush_scheduler import FlushScheduler
from hero_router.feed.resume import Gap
from hero_router.feed.stream_timers import StreamTimers
from hero_router.feed.stream_timing import StreamTiming
from hero_router.feed.subscribers import (
    DEFAULT_OPTIONS,
    MuteMap,
    Sink,
    SubscribeOptions,
    Subscriber,
    SubscriberState,
    group_by_position,
)
from hero_router.model import Event
from hero_router.position import ORIGIN, Position

PENDING, LIVE, BLOCKED, AHEAD, CLOSED = SubscriberState


class Hub:
    """Sends the events of one worker to its subscribers. `clock` gives monotonic seconds."""

    def __init__(
        self,
        batches: BatchBuilder,
        control: ControlFrames,
        timing: StreamTiming,
        flusher: FlushScheduler,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._batches, self._ring, self._control = batches, batches.ring, control
        self._clock = clock
        self._sender = EventSender(batches, control, clock)
        self._timers = StreamTimers(batches.ring, self._sender, control, timing, clock)
        self.subscribers, self.stats = self._sender.subscribers, self._sender.stats
        self.flusher = flusher
        flusher.on_flush = self._flush
        self._unsent = self._since_bookmark = 0
        self._loaded = False

    @property
    def pending(self) -> int:
        """How many deliveries are still due; pending and completed add up to the expected ones."""
        return self._sender.pending

    @property
    def max_publish(self) -> int:
        """How many events one `publish` may have, so that no unsent event leaves the ring."""
        return max(self._ring.limit // 2, 1)

    def subscribe(
        self,
        sink: Sink,
        cursor: str | None,
        name: str,
        options: SubscribeOptions = DEFAULT_OPTIONS,
        owner: object = None,
    ) -> Subscriber:
        """Add a subscriber, and send it `hello` and the events after its cursor (None: it is new).

        `owner` is any object by which a predicate of `close_where` finds the subscriber.
        """
        now, expires_at = self._clock(), self._timers.expires_at()
        subscriber = Subscriber(sink, name, options, cursor, now, expires_at, owner)
        self.stats.joined += 1
        if self._loaded:
            self._sender.start(subscriber)
        else:
            self.subscribers.move(subscriber, PENDING)
            self._sender.write(subscriber, self._control.hello(subscriber, None))
            self._sender.send_changes(subscriber)
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Remove a subscriber whose connection is lost."""
        if subscriber.state is not CLOSED:
            self._sender.remove(subscriber, "left")

    def writable(self, subscriber: Subscriber) -> None:
        """Send missed events or changed conditions to a subscriber without buffered bytes."""
        if subscriber.state is BLOCKED:
            self._sender.catch_up(subscriber)
        elif subscriber.state is not CLOSED:
            self._sender.send_changes(subscriber)

    def publish(self, events: Sequence[Event]) -> None:
        """Append the next events to the ring and request a flush.

        No more than `max_publish` events at once: else some would leave the ring before any
        subscriber could be sent them.
        """
        pending = self.pending if self._ring.spans_epochs else None
        self._batches.append(events)
        number, listening = len(events), self.subscribers.count(LIVE, BLOCKED)
        self.stats.published += number
        self.stats.expected += number * listening if pending is None else self.pending - pending
        self._unsent += number
        self._since_bookmark += number
        self.flusher.request(urgent=self._unsent >= self._ring.limit // 2)

    def reload(
        self, events: Sequence[Event], head: Position, run_id: str, *, rolled_back: bool = False
    ) -> None:
        """Replace the ring's events by a new snapshot, and send each subscriber what follows.

        `feed.resume` decides for each subscriber whether it missed events. With `rolled_back` Redis
        has lost events that were sent, so no cursor tells that: each subscriber gets a `resync`.
        """
        pending = self.pending
        self._batches.reset(events, head, run_id)
        if rolled_back:
            for subscriber in self.subscribers.in_state(LIVE, BLOCKED, AHEAD):
                subscriber.cursor = ORIGIN
        self.stats.expected += self.pending - pending
        self._unsent, self._loaded = 0, True
        self.mark_current()
        for subscriber in self.subscribers.in_state(LIVE, AHEAD):
            self._sender.catch_up(subscriber, lagged="trimmed")
        for subscriber in self.subscribers.in_state(BLOCKED):
            if subscriber.cursor > self._ring.head:
                self._sender.wait_ahead(subscriber)
        for subscriber in self.subscribers.in_state(PENDING):
            self._sender.start(subscriber)

    def resync_all(self) -> None:
        """Report a gap of unknown size to every subscriber, so that each loads the state again.

        Used when the worker's state differed from Redis, though no event is missing. A subscriber
        that cannot be written to now gets a cursor before all events: its gap is reported later.
        """
        for subscriber in self.subscribers.in_state(BLOCKED, AHEAD):
            lag = self._sender.lag(subscriber)
            subscriber.cursor = ORIGIN
            self.stats.expected += self._sender.lag(subscriber) - lag
        ahead = self.subscribers.in_state(AHEAD)
        for subscriber in self.subscribers.in_state(LIVE):
            self._sender.send_resync(subscriber, Gap(None), "store_changed")
        for subscriber in ahead:
            self._sender.catch_up(subscriber)

    def send_conditions(self, conditions: tuple[Condition, ...]) -> None:
        """Send the worker's conditions to every client whose connection takes bytes now."""
        self._control.conditions = conditions
        for subscriber in self.subscribers.in_state(LIVE, AHEAD, PENDING):
            self._sender.send_changes(subscriber)

    def send_mutes(self, mutes: tuple[MuteMap, ...]) -> None:
        """Send the muted services to every client that can be written to now."""
        self._control.mutes = mutes
        for subscriber in self.subscribers.in_state(LIVE, AHEAD, PENDING):
            self._sender.send_changes(subscriber)

    def mark_current(self) -> None:
        """Note that Redis has just confirmed that the ring has the stream's newest event."""
        self._timers.mark_current()

    def tick(self) -> None:
        """Send due pings; end stalled and too old streams, and waits of AHEAD subscribers.

        Clients who may see a part only are told of a condition also when the first service that
        they see appears on its node.
        """
        if self._control.conditions:
            for subscriber in self.subscribers.in_state(LIVE, AHEAD, PENDING):
                if subscriber.options.shown is not None:
                    self._sender.send_changes(subscriber)
        if self._timers.ping_due():
            self.flusher.flush()
            self._timers.ping_all()
        self._timers.end_overdue()

    def close(self, seconds: float = 0.0) -> None:
        """End every stream, spread over `seconds`, each with its own reconnect delay."""
        self._timers.close(seconds)

    def close_where(self, predicate: Callable[[Subscriber], bool]) -> None:
        """End the streams of all subscribers that match, as when a caller's right is revoked."""
        for subscriber in tuple(filter(predicate, self.subscribers)):
            self._timers.end(subscriber, "revoked")

    def _flush(self) -> bool:
        """Send unsent events, the same bytes to all at one cursor; returns whether any is LIVE."""
        self._unsent = 0
        live = self.subscribers.in_state(LIVE)
        for group in group_by_position(live):
            first = group[0]
            batch = self._batches.batch_after(first.cursor, first.options.filter)
            if batch is None:
                continue
            partial = self._sender.send(group, batch)
            for subscriber in partial if batch.last is self._ring.head else group:
                self._sender.catch_up(subscriber)
        if self._since_bookmark >= self._ring.limit // 2:
            self._send_bookmarks()
        for subscriber in self.subscribers.in_state(AHEAD):
            self._sender.catch_up(subscriber)
        return bool(live)

    def _send_bookmarks(self) -> None:
        """After half a ring of events, send filtered subscribers a `ping` with the current id.

        Otherwise the last id that they know would leave the ring, and a reconnect would be a gap.
        """
        self._since_bookmark = 0
        for subscriber in self.subscribers.in_state(LIVE):
            if subscriber.last_event_id != subscriber.cursor:
                self._timers.ping(subscriber)
