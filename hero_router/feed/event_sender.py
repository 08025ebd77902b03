"""Sends subscribers the events after their cursors, and changes their states.

A subscriber is sent events until it has all of them (LIVE), until its connection takes no more
bytes (BLOCKED), or until its cursor is later than the newest event that this worker has read
(AHEAD). The hub decides when to send.
"""

from collections.abc import Callable, Sequence

from hero_router.feed import delivery_stats
from hero_router.feed.batch_builder import BatchBuilder
from hero_router.feed.control_frames import ControlFrames
from hero_router.feed.delivery_stats import DeliveryStats
from hero_router.feed.resume import Gap
from hero_router.feed.subscribers import Subscriber, Subscribers, SubscriberState
from hero_router.feed.write_batch import Batch
from hero_router.position import Position

_, LIVE, BLOCKED, AHEAD, CLOSED = SubscriberState


class EventSender:
    """Sends to one worker's subscribers and counts deliveries. `clock` gives monotonic seconds."""

    def __init__(
        self, batches: BatchBuilder, control: ControlFrames, clock: Callable[[], float]
    ) -> None:
        self._batches, self._control, self._clock = batches, control, clock
        self._ring = batches.ring
        self.subscribers, self.stats = Subscribers(), DeliveryStats()

    @property
    def pending(self) -> int:
        """How many deliveries (one event to one subscriber) are still due."""
        return delivery_stats.pending(self._ring, self.subscribers)

    def lag(self, subscriber: Subscriber) -> int:
        """How many events a subscriber has not been sent yet, as far as this worker knows."""
        return delivery_stats.lag(self._ring, subscriber)

    def start(self, subscriber: Subscriber) -> None:
        """Send a new subscriber `hello`, a `resync` if it missed events, and the next events."""
        requested = subscriber.requested_id
        position = self._ring.head if requested is None else Position.parse(requested)
        due = Gap(None) if position is None else self._next_batch(subscriber, position)
        gap = due if isinstance(due, Gap) else None
        if position is None or (gap is not None and not gap.inside):
            position = self._ring.start
        subscriber.cursor = position
        self.subscribers.move(subscriber, LIVE)
        self.stats.expected += self.lag(subscriber)
        self.write(subscriber, self._control.hello(subscriber, None if gap else subscriber.cursor))
        if gap is not None:
            self.stats.expected += gap.trimmed
            reason = "unknown_position" if gap.dropped is None else "trimmed"
            self.send_resync(subscriber, gap, reason)
        self.catch_up(subscriber)

    def catch_up(self, subscriber: Subscriber, lagged: str = "lagged") -> None:
        """Send batches until the subscriber has all events or its connection takes no more bytes.

        `lagged` is the reason in the `resync` if missed events are no longer in the ring.
        """
        if subscriber.cursor > self._ring.head:
            return self.wait_ahead(subscriber)
        if subscriber.state is AHEAD:  # nothing was expected for it so far
            self.subscribers.move(subscriber, LIVE)
            self.stats.expected += self.lag(subscriber)
        while not subscriber.sink.buffered():
            due = self._next_batch(subscriber, subscriber.cursor)
            if due is None:
                self.subscribers.move(subscriber, LIVE)
                return self.send_changes(subscriber)
            if isinstance(due, Gap):
                self._pass_gap(subscriber, due, lagged)
            else:
                self.send((subscriber,), due)
        return self._block(subscriber)

    def _next_batch(self, subscriber: Subscriber, cursor: Position) -> Batch | Gap | None:
        return self._batches.next_batch(cursor, subscriber.options, subscriber.known_holes)

    def send(self, subscribers: Sequence[Subscriber], batch: Batch) -> Sequence[Subscriber]:
        """Offer a batch to each of these subscribers.

        Returns the subscribers whose connection took only a part; their cursors are after that
        part.
        """
        partial, buffers, number = list[Subscriber](), batch.buffers, len(batch.buffers)
        for subscriber in subscribers:
            taken = subscriber.sink.write_many(buffers) if buffers else 0
            sent = batch if taken == number else Batch.of(*batch.slices[: taken + 1])
            subscriber.cursor = sent.last
            if subscriber.known_holes:
                subscriber.known_holes = max(subscriber.known_holes - sent.lost, 0)
            if sent.last_id is not None:
                subscriber.last_event_id = sent.last_id
            if sent is not batch:
                partial.append(subscriber)
                self.stats.add(sent)
        self.stats.add(batch, len(subscribers) - len(partial))
        return partial

    def _pass_gap(self, subscriber: Subscriber, gap: Gap, lagged: str) -> None:
        """Report a gap and move the cursor behind it.

        If the size of the gap is unknown, the pending count was an estimate: it is computed again
        from the oldest event kept.
        """
        before = self.lag(subscriber)
        if not gap.inside:
            subscriber.cursor = self._ring.start
        self.stats.expected += gap.trimmed + self.lag(subscriber) - before
        reason = "trimmed" if gap.lost else lagged
        self.send_resync(subscriber, gap, "store_changed" if gap.dropped is None else reason)

    def send_resync(self, subscriber: Subscriber, gap: Gap, reason: str) -> None:
        """Send a `resync` for a gap. A hole (deleted event) counts as dropped once it is passed."""
        self.stats.resyncs[reason] += 1
        self.stats.dropped += gap.trimmed
        subscriber.known_holes = self._ring.holes_after(subscriber.cursor)
        number = len(self.subscribers)
        self.write(subscriber, self._control.resync(subscriber, gap.dropped, reason, number))

    def send_changes(self, subscriber: Subscriber) -> None:
        """Report a new Redis process and changed conditions, unless bytes are still buffered."""
        if not subscriber.sink.buffered() and (frames := self._control.changes(subscriber)):
            self.write(subscriber, frames)

    def write(self, subscriber: Subscriber, frames: bytes) -> None:
        """Write control frames; a LIVE subscriber that cannot take all bytes becomes BLOCKED.

        All bytes of a stream go through here or through `send`. An event that is written past
        buffered bytes would lie in the middle of another frame.
        """
        subscriber.sink.write(frames)
        if subscriber.state is LIVE and subscriber.sink.buffered():
            self._block(subscriber)

    def _block(self, subscriber: Subscriber) -> None:
        now = self._clock()
        if subscriber.state is not BLOCKED:
            self.stats.blocked += 1
            subscriber.blocked_at = now
        self.subscribers.move(subscriber, BLOCKED)
        subscriber.state_since, subscriber.buffered = now, subscriber.sink.buffered()

    def wait_ahead(self, subscriber: Subscriber) -> None:
        """Send no events for now: the cursor is later than the last event that this worker read."""
        if subscriber.state is not AHEAD:
            subscriber.state_since = self._clock()
        self.subscribers.move(subscriber, AHEAD)
        self.send_changes(subscriber)

    def remove(self, subscriber: Subscriber, cause: str) -> None:
        """Remove a subscriber; its pending deliveries count as abandoned."""
        self.stats.abandoned += self.lag(subscriber)
        self.stats.closed[cause] += 1
        self.subscribers.move(subscriber, CLOSED)
