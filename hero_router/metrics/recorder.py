"""Records a worker's figures in its metrics, once a second.

The delivery path only counts in plain integers: no metric is touched there.
"""

import asyncio
import math
import time

from hero_router.feed import census
from hero_router.feed.feed import Feed
from hero_router.metrics import process
from hero_router.metrics.declarations import OUTCOMES, STALE_REASONS, Declarations
from hero_router.metrics.http import RequestCounts
from hero_router.metrics.multiproc import STOPPED
from hero_router.store.clock import RedisClock

TICK_SECONDS = 1.0

PROCESS_TICKS = 10
"""Figures of the process are read at every tenth tick: to count open files is not cheap."""


class Recorder:
    """Copies the figures of one worker's feed, process and HTTP requests."""

    def __init__(
        self, metrics: Declarations, feed: Feed, requests: RequestCounts, clock: RedisClock
    ) -> None:
        self._metrics, self._feed, self._requests, self._clock = metrics, feed, requests, clock
        self._ticks = 0
        metrics.started.set(time.time())

    async def run(self) -> None:
        """Tick until cancelled."""
        self._metrics.starts.follow_one(1)
        while True:
            self.tick()
            await asyncio.sleep(TICK_SECONDS)

    def end(self) -> None:
        """Record the end of a stopped worker; `multiproc` records that of a crashed one."""
        if not self._feed.failed:
            self._metrics.ends.follow({STOPPED: 1})
        self.tick()

    def tick(self) -> None:
        """Copy everything. Nothing awaits here, so the figures of one worker fit together."""
        self._copy_counts()
        self._copy_clients()
        self._copy_stream()
        self._copy_delays()
        if self._ticks % PROCESS_TICKS == 0:
            self._copy_process()
        self._ticks += 1

    def _copy_counts(self) -> None:
        feed, counts, metrics = self._feed, self._feed.hub.counts, self._metrics
        metrics.published.follow_one(counts.published)
        metrics.transitions.follow(feed.mirror.transitions)
        metrics.expected.follow_one(counts.expected)
        metrics.completed.follow({outcome: getattr(counts, outcome) for outcome in OUTCOMES})
        metrics.bytes.follow_one(counts.bytes)
        metrics.joined.follow_one(counts.joined)
        metrics.blocked.follow_one(counts.parked)
        metrics.resyncs.follow(counts.resyncs)
        metrics.closed.follow(counts.closed)
        metrics.redis_errors.follow(feed.tail.errors + feed.watch.errors)
        metrics.invalid.follow_one(feed.tail.invalid_entries)
        metrics.requests.follow(self._requests.totals)

    def _copy_clients(self) -> None:
        found, metrics = (
            census.subscriber_stats(self._feed.hub, self._feed.ring.head),
            self._metrics,
        )
        for state, number in found.states.items():
            metrics.clients.labels(state.value).set(number)
        metrics.pending.set(found.pending)
        metrics.unaccounted.set(found.balance)
        metrics.lag.set(found.furthest)

    def _copy_stream(self) -> None:
        feed, ring, metrics = self._feed, self._feed.ring, self._metrics
        metrics.workers.set(1)
        metrics.ticked.set(time.time())
        metrics.ready.set(feed.ready)
        metrics.ring.set(len(ring.positions))
        metrics.limit.set(ring.limit)
        metrics.span.set(ring.span)
        metrics.reach.set(self._window_reach())
        metrics.epoch.set(ring.head.epoch)
        metrics.seq.set(ring.head.seq)
        stale = {reason for reason, _ in feed.conditions.current}
        for reason in STALE_REASONS:
            metrics.stale.labels(reason).set(reason in stale)

    def _window_reach(self) -> float:
        """By Redis's clock; NaN while that, or the time of the oldest event, is unknown."""
        ring, ahead = self._feed.ring, self._clock.ahead
        if not ring.full:
            return math.inf
        if ahead is None or not ring.oldest_at:
            return math.nan
        return max(time.time() + ahead - ring.oldest_at / 1000, 0)

    def _copy_delays(self) -> None:
        """Until the clocks are compared no read delay is known, so no sample is recorded."""
        feed, ahead, metrics = self._feed, self._clock.ahead, self._metrics
        if ahead is not None:
            metrics.clock_ahead.set(ahead)
            for read_at, published in feed.tail.reads:
                if published:
                    late = read_at + ahead - published / 1000
                    metrics.delay.labels("read").observe(max(late, 0))
            feed.tail.reads.clear()
        for waited in feed.flusher.delays:
            metrics.delay.labels("written").observe(waited)
        feed.flusher.delays.clear()

    def _copy_process(self) -> None:
        usage, metrics = process.usage(), self._metrics
        metrics.cpu.follow_one(usage.cpu_seconds)
        metrics.max_files.set(usage.max_files)
        metrics.resident.set(usage.resident_bytes)
        metrics.open_files.set(usage.open_files)
