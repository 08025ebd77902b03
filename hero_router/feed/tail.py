"""Follows the stream: one task, one connection; fills mirror, ring and hub in one step."""

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hero_router.errors import StoreError
from hero_router.feed.audit import Schedule, compared
from hero_router.feed.doubts import REDIS, Conditions
from hero_router.feed.freshness import Freshness
from hero_router.feed.hub import Hub
from hero_router.feed.mirror import Mirror
from hero_router.feed.rescan import ScanReplies
from hero_router.feed.ring import Ring
from hero_router.model import Event
from hero_router.position import ORIGIN, Position
from hero_router.store.keys import READ_BATCH
from hero_router.store.snapshot import Snapshot, parse_values, raw_record
from hero_router.store.stream import Stream

log = logging.getLogger(__name__)

BACKOFF_FIRST, BACKOFF_MOST = 0.1, 3.0
"""Seconds between two tries to reach Redis: doubled each time, with jitter."""

REST_ROOM = 8
"""Nothing is sent before the hub's pace allows it, so nothing need be read: one XREAD then takes
all that came meanwhile. Only while a reply is so many times smaller than the window, which else
might be trimmed past this worker."""

RELOAD_SECONDS = 0.5
"""A worker that is overtaken by trimming again and again loads the registry no more often: each
load costs Redis all services, and clients are told their gap anyway."""


MOST_SAMPLES = 1024
"""How many reads are remembered for whoever measures; nobody does in a test."""

STORE_DIGITS = 12
"""Digits of Redis's `run_id` that are told to clients: enough to tell two processes apart."""


class Tail:
    """Keeps mirror, ring and hub at the stream's head for as long as `run` runs.

    `tried` is set once Redis has been loaded from, or could not be, for the first time. `reads` are
    the Unix times of its last reads, each with its oldest event's `at`; `junk` and `errors`, by
    code, are counted since the worker began.
    """

    def __init__(
        self,
        stream: Stream,
        mirror: Mirror,
        ring: Ring,
        hub: Hub,
        doubts: Conditions,
        scans: ScanReplies,
        proof: Freshness,
    ) -> None:
        self._stream, self._mirror, self._ring, self._hub = stream, mirror, ring, hub
        self._doubts, self._scans, self._proof = doubts, scans, proof
        self._failures = 0
        self._gone = False
        self._present: asyncio.Timeout | None = None
        self._schedule = Schedule()
        self.synced, self.first_load = False, asyncio.Event()
        self.invalid_entries = 0
        self.errors = Counter[str]()
        self.reads: deque[tuple[float, int]] = deque(maxlen=MOST_SAMPLES)

    async def run(self) -> None:
        """Follow until cancelled; a Redis that is away is told to all, and found again."""
        while True:
            try:
                async with asyncio.timeout(None) as self._present:
                    await self._follow()
            except TimeoutError:
                await self._drop()

    def restart(self) -> None:
        """Begin anew over another connection, however long this one would still be waited for."""
        present, self._present = self._present, None
        if present is not None:
            present.reschedule(asyncio.get_running_loop().time())

    @property
    def following(self) -> bool:
        """Whether it has read the stream's head and, as far as it knows, is at it ever since."""
        return self.synced and not self._failures

    async def _follow(self) -> None:
        while True:
            try:
                await self.load()
                started = time.monotonic()
                while await self.poll() and await self._keep_true():
                    pass
                await _rest_until(started + RELOAD_SECONDS)
            except StoreError as error:
                await self._lost(error)

    async def load(self) -> None:
        """Start anew from a snapshot: at first, after a lost connection, and after every jump.

        Raises StoreError.
        """
        snapshot = await self._stream.load()
        self._take(snapshot)
        if self._failures or not self.synced:
            log.info("following the stream from %s", snapshot.head)
        self._failures, self.synced = 0, True
        self.first_load.set()

    def _take(self, snapshot: Snapshot) -> None:
        """No await in here: nobody sees the mirror at one position and the ring at another."""
        services = parse_values("services", snapshot.services or {}, raw_record)
        vanished = self._gone or self._ring.head != ORIGIN
        unlike = self._differs_unseen(services, snapshot)
        self._mirror.reset(services, snapshot.nodes, snapshot.head)
        store = snapshot.version.run_id[:STORE_DIGITS]
        self._hub.reload(snapshot.window, snapshot.head, store)
        self._proof.as_of = snapshot.now_ms
        self._schedule.done()
        if unlike:
            self._tell_difference(unlike)
        self._note_stream(gone=vanished and snapshot.head == ORIGIN)
        for event in snapshot.window:
            self._scans.deliver(event)

    def _differs_unseen(
        self, services: Mapping[str, Mapping[str, Any]], snapshot: Snapshot
    ) -> set[str]:
        """The services that are not as all events up to the snapshot say. Where events are missing
        nobody can know, and clients are told of the gap."""
        missed = [event for event in snapshot.window if event.position > self._ring.head]
        reached = missed[-1].position if missed else self._ring.head
        if not (self.synced and reached == snapshot.head and follows(self._ring.head, missed)):
            return set()
        for event in missed:
            self._mirror.apply(event)
        return self._mirror.differing(services) | self._mirror.lacking(services.keys())

    def _tell_difference(self, unlike: Collection[str]) -> None:
        log.warning(
            "%d services were not as Redis holds them, and no event told of it: clients start anew",
            len(unlike),
        )
        self._schedule.differed()
        self._hub.start_anew()

    async def _keep_true(self) -> bool:
        """Compare mirror and registry when it is time; False when a new start is due.

        Only this task moves the mirror, so the two are at one position. Raises StoreError.
        """
        if self._schedule.take_repetition():
            self._hub.start_anew()
        return not self._schedule.due or await self.audit()

    async def audit(self) -> bool:
        """Compare them now, whatever else happens. Raises StoreError."""
        snapshot = await self._stream.audit(self._ring.head)
        if not follows(self._ring.head, snapshot.window):
            return False
        self._take_events(snapshot.window)
        if snapshot.head != self._ring.head:  # there are more: the next step reads them
            return bool(snapshot.window)
        self._proof.as_of = snapshot.now_ms
        found, unlike = await compared(self._mirror, snapshot.services or {})
        if unlike:
            self._mirror.reset(found, snapshot.nodes, snapshot.head)
            self._tell_difference(unlike)
        self._schedule.done()
        return True

    async def poll(self) -> bool:
        """Take the next events; False when they do not follow, so that a new start is due.

        Raises StoreError.
        """
        events = await self._stream.read(self._ring.head)
        if not events:
            return await self._is_at_head()
        if not follows(self._ring.head, events):
            return False
        self.reads.append((time.time(), events[0].at))
        if len(events) < READ_BATCH:  # nothing more was there when the last one was published
            self._proof.as_of = events[-1].at or self._proof.as_of
        self._take_events(events)
        if len(events) * REST_ROOM <= self._ring.limit:
            await asyncio.sleep(self._hub.pace.idle_for)
        return True

    async def _is_at_head(self) -> bool:
        """Whether nothing could be read because nothing was written.

        Events may come just between two questions. But what lies ahead and still cannot be read was
        trimmed by a foreign hand, and would be waited for without end.
        """
        asked = self._proof.now_ms()
        head = await self._stream.head()
        if head == self._ring.head:
            self._hub.mark_current()
            self._proof.as_of = asked
        if head <= self._ring.head:
            return head == self._ring.head
        return bool(await self._stream.read(self._ring.head))

    def _note_stream(self, *, gone: bool) -> None:
        """A stream that vanished leaves clients nowhere to stand until a scanner begins a new one.

        Until then they wait instead of being sent back to the beginning: a snapshot of another
        worker, which has not noticed yet, would look newer than that.
        """
        self._gone = gone
        if gone:
            self._doubts.set(REDIS, None, "the stream of events is gone from Redis")
        else:
            self._doubts.clear(REDIS)

    def _take_events(self, events: Sequence[Event]) -> None:
        for start in range(0, len(events), self._hub.max_publish):
            self._feed(events[start : start + self._hub.max_publish])

    def _feed(self, events: Sequence[Event]) -> None:
        """No await in here: mirror, ring and clients move together."""
        for event in events:
            self._mirror.apply(event)
            self._scans.deliver(event)
            self.invalid_entries += event.type is None
        if self._gone:
            self._note_stream(gone=False)
        self._hub.publish(events)

    async def _lost(self, error: StoreError) -> None:
        self._failures += 1
        self.errors[error.code] += 1
        self._doubts.set(REDIS, None, str(error))
        self.first_load.set()
        await self._drop()
        await asyncio.sleep(backoff(self._failures) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    async def _drop(self) -> None:
        """Even closing a connection can fail, and no more can be done about it."""
        with contextlib.suppress(StoreError):
            await self._stream.disconnect()


async def _rest_until(moment: float) -> None:
    """Not at all, if it has passed; with jitter, as other workers are in the same case."""
    left = max(moment - time.monotonic(), 0)
    await asyncio.sleep(left * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret


def backoff(failures: int) -> float:
    """Seconds until the next try after so many failures in a row.

    The exponent is bounded: an hour without Redis has so many that the power is no float any more.
    """
    return min(BACKOFF_FIRST * 2.0 ** min(failures - 1, 10), BACKOFF_MOST)


def follows(head: Position, events: Sequence[Event]) -> bool:
    """Whether the events continue from `head` without a jump.

    A stream that was never written may begin with the first event of an epoch. Any other new epoch
    is a jump: only the whole window can tell whether events of the old one were trimmed.
    """
    for event in events:
        begins = head == ORIGIN and event.position.seq == 1
        if event.position != head.next() and not begins:
            return False
        head = event.position
    return True
