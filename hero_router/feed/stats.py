"""What a hub has done since the worker began, kept so that nothing can vanish unnoticed."""

from collections import Counter
from dataclasses import dataclass, field

from hero_router.feed.ring import Batch


@dataclass(slots=True)
class DeliveryStats:
    """Clients (`joined`, `parked`), and deliveries: one event to one client.

    Each delivery that is `owed` (an event was published while a client listened, or lay ahead of
    its cursor when it came) ends in exactly one way: `delivered` to its transport, `dropped` and
    told so, `filtered` as not wanted, `superseded` by conflation, or `abandoned` when its client
    left; until then it is pending.
    """

    joined: int = 0
    parked: int = 0
    published: int = 0
    bytes: int = 0
    expected: int = 0
    delivered: int = 0
    dropped: int = 0
    filtered: int = 0
    superseded: int = 0
    abandoned: int = 0
    resyncs: Counter[str] = field(default_factory=Counter)
    """By reason."""
    closed: Counter[str] = field(default_factory=Counter)
    """Streams that ended, by cause: left, stalled, aged, shutdown."""

    def add(self, train: Batch, clients: int = 1) -> None:
        """One train goes to so many clients."""
        self.bytes += train.bytes * clients
        self.delivered += train.events * clients
        self.filtered += train.filtered * clients
        self.superseded += train.superseded * clients
        self.dropped += train.lost * clients

    @property
    def completed(self) -> int:
        """Deliveries that have come to their end; with the pending ones they make up `owed`."""
        ends = self.delivered, self.dropped, self.filtered, self.superseded, self.abandoned
        return sum(ends)
