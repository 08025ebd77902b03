"""The window as subscribers walk through it: finds, or joins once, what each is sent next.

It holds the ring and, beside it, the newest event of each service for conflation.
"""

from collections.abc import Sequence

from hero_router.feed.batch import Batch, Slice
from hero_router.feed.entry import make_entry
from hero_router.feed.filters import Filter
from hero_router.feed.holes import filled
from hero_router.feed.latest import LatestByService
from hero_router.feed.resume import Ahead, Gap
from hero_router.feed.ring import Ring
from hero_router.feed.subscribers import SubscribeOptions
from hero_router.model import Event
from hero_router.position import ORIGIN, Position

SLICE_BYTES = 64 * 1024
"""Most bytes of one write, and so most that can wait for one client."""

MAX_SLICES = 4
"""Slices in one call at most: a client that keeps up gets a burst with fewer system calls. A slow
client still has at most one slice waiting."""

CACHE_BYTES = 4 * 1024 * 1024
CACHE_COST = 512
"""Most bytes of joined slices to keep, and the cost of each beside its data. Clients choose their
cursors and filters, and in a quiet world no event would ever free the slices."""


class EventLog:
    """Ring and conflation, always at the same position.

    A slice has up to `slice_bytes`, or one event if that is larger.
    """

    def __init__(self, ring: Ring, slice_bytes: int = SLICE_BYTES) -> None:
        self.ring, self._slice_bytes = ring, slice_bytes
        self._latest = LatestByService(slice_bytes)
        self._forget_slices()

    def append(self, events: Sequence[Event]) -> None:
        """Take the next events. Raises ValueError for more than the ring holds."""
        entries = list(map(make_entry, events))
        self.ring.append(entries)
        self._latest.add(entries)
        self._forget_slices()

    def reset(self, events: Sequence[Event], head: Position, run_id: str) -> None:
        """Hold these events and no others; where one is missing, an empty entry takes its place.

        `head` is the stream's last position, `run_id` the Redis process that they were read from.
        """
        kept, lost = filled(events, head, self.ring.limit)
        entries = list(map(make_entry, kept))
        self.ring.reset(entries, lost, head, run_id)
        known = max(self.ring.start, lost[-1] if lost else ORIGIN)
        self._latest.reset(known, [entry for entry in entries if entry.position > known])
        self._forget_slices()

    def next_batch(
        self, cursor: Position, options: SubscribeOptions, known_holes: int = 0
    ) -> Batch | Gap | None:
        """What a subscriber at this cursor is sent next: a batch, or first the report of a gap.

        None where nothing follows its cursor. A subscriber with conflation gets the latest event
        of each service instead of a gap, where those suffice: never where an event was lost.
        `known_holes` is how many holes after its cursor it knows of.
        """
        wanted = options.filter
        if options.conflate and (part := self._latest.slice_after(cursor, wanted)) is not None:
            return Batch.of(part)
        found = self.ring.resume(cursor, known_holes)
        if isinstance(found, Gap):
            return found
        return None if isinstance(found, Ahead) else self.batch_after(cursor, wanted, found.start)

    def batch_after(
        self, cursor: Position, wanted: Filter | None, start: int | None = None
    ) -> Batch | None:
        """What follows the cursor of a subscriber that has missed nothing up to it.

        Every subscriber at the same cursor with the same filter gets the very same bytes. `start`
        is the index of the first entry after the cursor, where that is known.
        """
        key = cursor, wanted
        if (found := self._batches.get(key)) is not None:
            return found
        start = self.ring.index_after(cursor) if start is None else start
        if start >= len(self.ring):
            return None
        made = self._batches[key] = self._make_batch(start, wanted)
        return made

    def _make_batch(self, start: int, wanted: Filter | None) -> Batch:
        slices, end = list[Slice](), len(self.ring)
        while start < end and len(slices) < MAX_SLICES:
            part = self._slice_from(start, wanted)
            slices.append(part)
            start += part.events + part.filtered + part.lost
        return Batch.of(*slices)

    def _slice_from(self, start: int, wanted: Filter | None) -> Slice:
        key = start, wanted
        if (part := self._slices.get(key)) is None:
            part = self._make_slice(start, wanted)
            self._cached += CACHE_COST + len(part.data)
            if self._cached > CACHE_BYTES:
                self._forget_slices()
            self._slices[key] = part
        return part

    def _make_slice(self, start: int, wanted: Filter | None) -> Slice:
        """The next frames from an index on, as many as fit. The data is empty where a filter wants
        nothing of all that is left."""
        entries, room, frames = self.ring.entries, self._slice_bytes, list[bytes]()
        for end in range(start, len(entries)):
            _, frame, tags, _ = entries[end]
            if wanted is None or wanted.wants(tags):
                room -= len(frame)
                if room < 0 and frames:
                    break
                frames.append(frame)
        else:
            end = len(entries)
        last, before = entries[end - 1].position, entries[start].position.before()
        lost = self.ring.holes_after(before) - self.ring.holes_after(last)
        events = len(frames) - (lost if wanted is None else 0)
        return Slice(b"".join(frames), last, events, end - start - events - lost, lost=lost)

    def _forget_slices(self) -> None:
        self._slices = dict[tuple[int, Filter | None], Slice]()
        self._batches = dict[tuple[Position, Filter | None], Batch]()
        self._cached = 0
