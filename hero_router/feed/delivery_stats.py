"""Counts deliveries (one event to one client), and checks that none is unaccounted for.

`EventSender` adds to the counters; metrics and the list of clients read them.
"""

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from hero_router.feed.ring import Ring
from hero_router.feed.subscribers import Subscriber, Subscribers, SubscriberState
from hero_router.feed.write_batch import Batch

CONNECTED = (SubscriberState.LIVE, SubscriberState.BLOCKED, SubscriberState.AHEAD)


@dataclass(slots=True)
class DeliveryStats:
    """A hub's counts since the worker began; a delivery is one event to one subscriber.

    A delivery is `expected` when an event is published while a subscriber listens, or when an event
    lies after the cursor with which a subscriber connects. A delivery ends in exactly one way:
    `delivered` to the connection, `dropped` and reported by a `resync`, `filtered` as not wanted,
    `superseded` by conflation, or `abandoned` when the subscriber left. Until then it is pending.
    """

    joined: int = 0
    blocked: int = 0
    published: int = 0
    bytes: int = 0
    expected: int = 0
    delivered: int = 0
    dropped: int = 0
    filtered: int = 0
    superseded: int = 0
    abandoned: int = 0
    resyncs: Counter[str] = field(default_factory=Counter)
    """`resync` events that were sent, by reason."""
    closed: Counter[str] = field(default_factory=Counter)
    """Streams that ended, by cause: left, stalled, aged, shutdown, revoked."""

    def add(self, batch: Batch, subscribers: int = 1) -> None:
        """Count one batch that was sent to `subscribers` subscribers."""
        self.bytes += batch.bytes * subscribers
        self.delivered += batch.events * subscribers
        self.filtered += batch.filtered * subscribers
        self.superseded += batch.superseded * subscribers
        self.dropped += batch.lost * subscribers

    @property
    def completed(self) -> int:
        """How many deliveries have ended; completed and pending ones add up to `expected`."""
        ends = self.delivered, self.dropped, self.filtered, self.superseded, self.abandoned
        return sum(ends)


@dataclass(frozen=True, slots=True)
class SubscriberStats:
    """Subscribers by state, pending deliveries, and the lag of the subscriber furthest behind.

    `unaccounted` is how many expected deliveries are neither completed nor pending: 0 unless there
    is a bug.
    """

    states: Mapping[SubscriberState, int]
    pending: int
    max_lag: int
    unaccounted: int


def lag(ring: Ring, subscriber: Subscriber) -> int:
    """How many events a subscriber has not been sent yet, as far as this worker knows."""
    state = subscriber.state
    if state is SubscriberState.LIVE or state is SubscriberState.BLOCKED:
        return ring.lag(subscriber.cursor)
    return 0


def pending(ring: Ring, subscribers: Subscribers) -> int:
    """How many deliveries are still due; pending and completed add up to the expected ones."""
    return sum(lag(ring, subscriber) for subscriber in subscribers)


def subscriber_stats(
    ring: Ring, subscribers: Subscribers, delivery: DeliveryStats
) -> SubscriberStats:
    """Count all subscribers of one worker.

    The cursor of a subscriber that has all events is the same object as the ring's `head`: its lag
    need not be computed.
    """
    lags = [lag(ring, each) for each in subscribers if each.cursor is not ring.head]
    states = {state: subscribers.count(state) for state in CONNECTED}
    due = sum(lags)
    unaccounted = delivery.expected - delivery.completed - due
    return SubscriberStats(states, due, max(lags, default=0), unaccounted)


def most_lagging(ring: Ring, subscribers: Subscribers, number: int) -> list[tuple[int, Subscriber]]:
    """Up to `number` subscribers, each with its lag; those that lag or wait come first."""
    live, head = SubscriberState.LIVE, ring.head
    behind = [
        (lag(ring, each), each)
        for each in subscribers
        if each.cursor is not head or each.state is not live
    ]
    found = heapq.nlargest(number, behind, key=lambda item: item[0])
    current = (each for each in subscribers if each.cursor is head and each.state is live)
    return found + [(0, each) for each in islice(current, number - len(found))]
