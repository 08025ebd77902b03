"""Keeps the newest events, and builds the batch of SSE frames that a subscriber is sent next.

Subscribers at the same position share one batch, so its frames are joined only once.
"""

from collections.abc import Sequence

from hero_router.feed.conflation import LatestByService
from hero_router.feed.encoded_event import make_entry
from hero_router.feed.filters import Filter
from hero_router.feed.resume import Ahead, Gap
from hero_router.feed.ring import Ring
from hero_router.feed.sequence_gaps import filled
from hero_router.feed.subscribers import SubscribeOptions
from hero_router.feed.write_batch import Batch, Slice
from hero_router.model import Event
from hero_router.position import ORIGIN, Position

SLICE_BYTES = 64 * 1024
"""Maximum number of bytes of one write, and so of what is buffered for one client."""

MAX_SLICES = 4
"""Maximum number of slices in one call: a client that keeps up gets a burst with fewer system
calls. A slow client still has at most one slice waiting."""

CACHE_BYTES = 4 * 1024 * 1024
CACHE_COST = 512
"""Maximum number of bytes of joined slices to keep, and the cost of each slice beside its data.
Clients choose their cursors and filters, and while nothing changes no event would free the
slices."""


class BatchBuilder:
    """Builds batches from the ring (the newest events) and the newest event of each service.

    Both are always at the same position. A slice has up to `slice_bytes`, or one larger event.
    """

    def __init__(self, ring: Ring, slice_bytes: int = SLICE_BYTES) -> None:
        self.ring, self._slice_bytes = ring, slice_bytes
        self._latest = LatestByService(slice_bytes)
        self._forget_slices()

    def append(self, events: Sequence[Event]) -> None:
        """Append the next events. Raises ValueError if there are more than the ring holds."""
        entries = list(map(make_entry, events))
        self.ring.append(entries)
        self._latest.add(entries)
        self._forget_slices()

    def reset(self, events: Sequence[Event], head: Position, run_id: str) -> None:
        """Replace all events by these; an empty entry stands for each missing event.

        `head` is the stream's newest position, `run_id` the Redis process that sent the events.
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
        """The next batch for a subscriber at this cursor, or a `Gap` if it missed events.

        None if no event follows the cursor. A subscriber with conflation gets the newest event of
        each service instead of a gap, if these suffice: never if an event was lost.
        `known_holes` is how many holes after the cursor were reported to the client already.
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
        """The next batch for a subscriber that has missed no event; None if no event follows.

        Every subscriber at the same cursor with the same filter gets the same bytes object. `start`
        is the index of the first entry after the cursor, if the caller knows it.
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
        """The next frames from an index on, as many as fit; empty if the filter wants none."""
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
