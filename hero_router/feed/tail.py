"""The tail: one task that follows Redis's event stream, and passes each event on in this worker.

The mirror is the copy of the registry, the ring keeps the newest events, and the hub sends events
to the clients.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hero_router.backoff import Backoff
from hero_router.errors import StoreError
from hero_router.feed.audit import Schedule, compared
from hero_router.feed.conditions import REDIS, Conditions
from hero_router.feed.freshness_stamp import Freshness
from hero_router.feed.hub import Hub
from hero_router.feed.mirror import Mirror
from hero_router.feed.rescan import ScanReplies
from hero_router.feed.ring import Ring
from hero_router.model import Event
from hero_router.position import ORIGIN, Position
from hero_router.store.keys import READ_BATCH
from hero_router.store.snapshot import Snapshot, parse_values, raw_record
from hero_router.store.stream_reader import Stream

log = logging.getLogger(__name__)

BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.1, 3.0
"""Wait after the first failure to reach Redis, and the longest wait."""

IDLE_SHARE = 8
"""After a read, the tail sleeps until the next flush is due, so that one XREAD gets all events
published meanwhile. It does not sleep if the reply was larger than one part in `IDLE_SHARE` of the
ring: trimming could overtake this worker."""

RELOAD_SECONDS = 0.5
"""Least time between two loads. Else a worker that trimming overtakes again and again would ask
Redis for all services all the time; its clients get a `resync` anyway."""

MAX_SAMPLES = 1024
"""Maximum number of reads to keep until the metrics take them; without metrics nobody takes
them."""

RUN_ID_DIGITS = 12
"""Digits of Redis's `run_id` that clients get: enough to tell two processes apart."""


class Tail:
    """Keeps mirror, ring and hub up to date with the stream while `run` runs.

    `synced` is whether the state was ever loaded. `first_load` is set after the first attempt to
    load it, successful or not. `reads` are the Unix times of the last reads, each with the `at` of
    its oldest event. `invalid_entries` and `errors` (by code) are counted since the worker began.
    """

    def __init__(
        self,
        stream: Stream,
        mirror: Mirror,
        ring: Ring,
        hub: Hub,
        conditions: Conditions,
        scan_replies: ScanReplies,
        freshness: Freshness,
    ) -> None:
        self._stream, self._mirror, self._ring, self._hub = stream, mirror, ring, hub
        self._conditions, self._scan_replies = conditions, scan_replies
        self._freshness = freshness
        self._backoff = Backoff(BACKOFF_SECONDS, MAX_BACKOFF_SECONDS)
        self._stream_missing = False
        self._attempt: asyncio.Timeout | None = None
        self._audits = Schedule()
        self.synced, self.first_load = False, asyncio.Event()
        self.invalid_entries = 0
        self.errors = Counter[str]()
        self.reads: deque[tuple[float, int]] = deque(maxlen=MAX_SAMPLES)

    async def run(self) -> None:
        """Follow the stream until cancelled; while Redis is away, set a condition and retry."""
        while True:
            try:
                async with asyncio.timeout(None) as self._attempt:
                    await self._follow()
            except TimeoutError:
                await self._drop()

    def restart(self) -> None:
        """Reconnect to Redis and load again, without waiting for an answer on this connection."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.reschedule(asyncio.get_running_loop().time())

    @property
    def following(self) -> bool:
        """Whether the tail has loaded the state and no read has failed since then."""
        return self.synced and not self._backoff.failures

    async def _follow(self) -> None:
        while True:
            try:
                await self.load()
                started = time.monotonic()
                while await self.poll() and await self._audit_if_due():
                    pass
                await _rest_until(started + RELOAD_SECONDS)
            except StoreError as error:
                await self._failed(error)

    async def load(self) -> None:
        """Load the whole state: at the start, after a lost connection, and after missing events.

        Raises StoreError.
        """
        snapshot = await self._stream.load()
        self._apply_snapshot(snapshot)
        if self._backoff.failures or not self.synced:
            log.info("this web worker follows the event stream in Redis from %s", snapshot.head)
        self._backoff.reset()
        self.synced = True
        self.first_load.set()

    def _apply_snapshot(self, snapshot: Snapshot) -> None:
        """No await in here: mirror and ring must never be seen at two positions."""
        services = parse_values("services", snapshot.services or {}, raw_record)
        had_stream = self._stream_missing or self._ring.head != ORIGIN
        differing = self._unexplained(services, snapshot)
        self._mirror.reset(services, snapshot.nodes, snapshot.head)
        run_id = snapshot.version.run_id[:RUN_ID_DIGITS]
        rolled_back = self._is_rolled_back(snapshot, run_id)
        self._hub.reload(snapshot.window, snapshot.head, run_id, rolled_back=rolled_back)
        self._freshness.as_of = snapshot.now_ms
        self._audits.done()
        if rolled_back:
            log.warning("Redis has lost sent events: all clients are told to load the state again")
            self._audits.differed()
        elif differing:
            self._report_difference(differing)
        self._set_stream_missing(had_stream and snapshot.head == ORIGIN)
        for event in snapshot.window:
            self._scan_replies.deliver(event)

    def _is_rolled_back(self, snapshot: Snapshot, run_id: str) -> bool:
        """Whether Redis has lost events that this worker has read.

        Their positions now have other events, or the same process has a stream that ends earlier.
        Another process may only be behind, as a replica that is promoted; its next event begins a
        new epoch.
        """
        ring, head = self._ring, snapshot.head
        ends_earlier = run_id == ring.run_id and ORIGIN < head < ring.head
        return ends_earlier or ring.contradicts({e.position: e.at for e in snapshot.window})

    def _unexplained(
        self, services: Mapping[str, Mapping[str, Any]], snapshot: Snapshot
    ) -> set[str]:
        """The services that differ from the mirror, though all events since then are applied.

        Empty if events are missing: then clients get a `resync` for the gap anyway.
        """
        missed = [event for event in snapshot.window if event.position > self._ring.head]
        reached = missed[-1].position if missed else self._ring.head
        if not (self.synced and reached == snapshot.head and follows(self._ring.head, missed)):
            return set()
        for event in missed:
            self._mirror.apply(event)
        return self._mirror.differing(services) | self._mirror.lacking(services.keys())

    def _report_difference(self, differing: Collection[str]) -> None:
        log.warning(
            "%d services differ from the registry in Redis without an event of a change, as when "
            "another program has written there: all clients are told to load the state again",
            len(differing),
        )
        self._audits.differed()
        self._hub.resync_all()

    async def _audit_if_due(self) -> bool:
        """Compare mirror and registry if an audit is due; False if a new load is due.

        Only this task changes the mirror, so both are at one position. Raises StoreError.
        """
        if self._audits.take_repetition():
            self._hub.resync_all()
        return not self._audits.due or await self.audit()

    async def audit(self) -> bool:
        """Compare mirror and registry now; False if a new load is due. Raises StoreError."""
        snapshot = await self._stream.audit(self._ring.head)
        if not follows(self._ring.head, snapshot.window):
            return False
        self._apply_events(snapshot.window)
        if snapshot.head != self._ring.head:  # there are more: the next poll reads them
            return bool(snapshot.window)
        self._hub.mark_current()
        self._freshness.as_of = snapshot.now_ms
        found, differing = await compared(self._mirror, snapshot.services or {})
        if differing:
            self._mirror.reset(found, snapshot.nodes, snapshot.head)
            self._report_difference(differing)
        self._audits.done()
        return True

    async def poll(self) -> bool:
        """Read the next events; False if some are missing: a new load is due. Raises StoreError."""
        events = await self._stream.read(self._ring.head)
        if not events:
            return await self._is_at_head()
        if not follows(self._ring.head, events):
            return False
        self.reads.append((time.time(), events[0].at))
        self._apply_events(events)
        if len(events) < READ_BATCH:  # the last one was the head when it was published
            self._hub.mark_current()
            self._freshness.as_of = events[-1].at or self._freshness.as_of
        if len(events) * IDLE_SHARE <= self._ring.limit:
            await asyncio.sleep(self._hub.flusher.idle_for)
        return True

    async def _is_at_head(self) -> bool:
        """Whether no event could be read because none was written.

        Events may be written between the two questions. But an event ahead that still cannot be
        read was removed by another program, and will never be read.
        """
        asked_at = self._freshness.now_ms()
        head = await self._stream.head()
        if head == self._ring.head:
            self._hub.mark_current()
            self._freshness.as_of = asked_at
        if head <= self._ring.head:
            return head == self._ring.head
        return bool(await self._stream.read(self._ring.head))

    def _set_stream_missing(self, missing: bool) -> None:
        """Set or clear the condition that the stream is gone from Redis.

        Without a stream no position is valid, until a scanner begins a new stream. Until then
        clients keep their positions and wait. A position at the very beginning would be older than
        the snapshot of a worker that has not noticed yet.
        """
        self._stream_missing = missing
        if missing:
            self._conditions.set(REDIS, None, "the stream of events is gone from Redis")
        else:
            self._conditions.clear(REDIS)

    def _apply_events(self, events: Sequence[Event]) -> None:
        size = self._hub.max_publish
        for start in range(0, len(events), size):
            self._apply(events[start : start + size])

    def _apply(self, events: Sequence[Event]) -> None:
        """No await in here: mirror, ring and subscribers move together."""
        for event in events:
            self._mirror.apply(event)
            self._scan_replies.deliver(event)
            self.invalid_entries += event.type is None
        if self._stream_missing:
            self._set_stream_missing(False)
        self._hub.publish(events)

    async def _failed(self, error: StoreError) -> None:
        self.errors[error.code] += 1
        delay = self._backoff.failed()
        self._conditions.set(REDIS, None, str(error))
        self.first_load.set()
        await self._drop()
        await asyncio.sleep(delay)

    async def _drop(self) -> None:
        """Close the connection; an error of that is ignored."""
        with contextlib.suppress(StoreError):
            await self._stream.disconnect()


async def _rest_until(moment: float) -> None:
    """Sleep until a moment has passed; with jitter, as other workers are in the same case."""
    left = max(moment - time.monotonic(), 0)
    await asyncio.sleep(left * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret


def follows(head: Position, events: Sequence[Event]) -> bool:
    """Whether the events follow `head` without a missing position.

    After an empty stream the first event of any epoch follows. Any other new epoch returns False:
    only a new load shows whether events of the old epoch were trimmed.
    """
    for event in events:
        begins = head == ORIGIN and event.position.seq == 1
        if event.position != head.next() and not begins:
            return False
        head = event.position
    return True
