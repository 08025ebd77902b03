"""The window as a client walks through it: the ring, and beside it the newest event per service."""

from collections.abc import Iterable

from hero_router.feed.latest import LatestByService
from hero_router.feed.resume import Gap
from hero_router.feed.ring import Batch, Ring
from hero_router.feed.subscribers import SubscribeOptions
from hero_router.model import Event
from hero_router.position import Position


class Window:
    """Ring and conflation, always at the same position. `slice_bytes` is for one write."""

    def __init__(self, ring: Ring, slice_bytes: int) -> None:
        self._ring, self._latest = ring, LatestByService(slice_bytes)

    def append(self, events: Iterable[Event]) -> int:
        """Take the next events; returns how many those are."""
        number = self._ring.append(tuple(events))
        self._latest.add(self._ring.last(number))
        return number

    def reset(self, window: Iterable[Event], head: Position, store: str) -> None:
        """Forget all and hold this window; see `Ring.reset`."""
        number = self._ring.reset(window, head, store)
        known = max(self._ring.start, self._ring.lost_to)
        self._latest.reset(known, (item for item in self._ring.last(number) if item[0] > known))

    def next_batch(self, cursor: Position, wish: SubscribeOptions, told: int) -> Batch | Gap | None:
        """What a client at this cursor is owed next: a train, first the news of a gap, or nothing.

        Who would have it conflated is spared a gap where the newest events make up for it: never
        where one was lost. `told` is of how many holes after its cursor it knows.
        """
        part = self._latest.slice_after(cursor, wish.filter) if wish.conflate else None
        if part is not None:
            return Batch.of(part)
        verdict = self._ring.resume(cursor, told)
        return verdict if isinstance(verdict, Gap) else self._ring.train_after(cursor, wish.filter)
