"""Copies a worker's counts and times into its Prometheus metrics, once a second.

The code that delivers events counts in plain integers and updates no metric.
"""

import asyncio
import math
import time

from hero_router.feed.feed import Feed, WindowStatus
from hero_router.metrics import process
from hero_router.metrics.declarations import OUTCOMES, STALE_REASONS, Declarations
from hero_router.metrics.multiproc_folder import STOPPED
from hero_router.metrics.proxied_request_counts import Figures
from hero_router.store.clock import RedisClock

TICK_SECONDS = 1.0

PROCESS_TICKS = 10
"""The figures of the process are read at every tenth tick: counting open files is not cheap."""


class MetricUpdater:
    """Copies the figures of one worker's feed, process and HTTP requests into its metrics."""

    def __init__(
        self, metrics: Declarations, feed: Feed, figures: Figures, clock: RedisClock
    ) -> None:
        self._metrics, self._feed, self._figures, self._clock = metrics, feed, figures, clock
        self._ticks = 0
        metrics.started.set(time.time())

    async def run(self) -> None:
        """Copy the figures every second until cancelled."""
        self._metrics.starts.follow_one(1)
        while True:
            self.tick()
            await asyncio.sleep(TICK_SECONDS)

    def end(self) -> None:
        """Count this worker as stopped; `multiproc_folder` counts a worker that crashed."""
        if not self._feed.failed:
            self._metrics.ends.follow({STOPPED: 1})
        self.tick()

    def tick(self) -> None:
        """Copy all figures. It never awaits, so that all figures are of the same moment."""
        self._copy_counts()
        self._copy_clients()
        self._copy_stream()
        self._copy_delays()
        if self._ticks % PROCESS_TICKS == 0:
            self._copy_process()
        self._ticks += 1

    def _copy_counts(self) -> None:
        feed, stats, metrics = self._feed, self._feed.delivery_stats(), self._metrics
        metrics.published.follow_one(stats.published)
        metrics.transitions.follow(feed.mirror.transitions)
        metrics.expected.follow_one(stats.expected)
        metrics.completed.follow({outcome: getattr(stats, outcome) for outcome in OUTCOMES})
        metrics.bytes.follow_one(stats.bytes)
        metrics.joined.follow_one(stats.joined)
        metrics.blocked.follow_one(stats.blocked)
        metrics.resyncs.follow(stats.resyncs)
        metrics.closed.follow(stats.closed)
        metrics.redis_errors.follow(feed.redis_errors())
        metrics.invalid.follow_one(feed.invalid_entries)
        metrics.requests.follow(self._figures.requests.totals)
        metrics.proxied.copy(self._figures.proxied, len(self._figures.tunnels))

    def _copy_clients(self) -> None:
        found, metrics = self._feed.subscriber_stats(), self._metrics
        for state, number in found.states.items():
            metrics.clients.labels(state.value).set(number)
        metrics.pending.set(found.pending)
        metrics.unaccounted.set(found.unaccounted)
        metrics.lag.set(found.max_lag)

    def _copy_stream(self) -> None:
        feed, window, metrics = self._feed, self._feed.window_status(), self._metrics
        metrics.workers.set(1)
        metrics.ticked.set(time.time())
        metrics.ready.set(feed.ready)
        metrics.ring.set(window.events)
        metrics.limit.set(window.limit)
        metrics.span.set(window.span)
        metrics.reach.set(self._window_reach(window))
        metrics.epoch.set(window.head.epoch)
        metrics.seq.set(window.head.seq)
        stale = {item.reason for item in feed.conditions.current}
        for reason in STALE_REASONS:
            metrics.stale.labels(reason).set(reason in stale)

    def _window_reach(self, window: WindowStatus) -> float:
        """The age of the oldest event kept, by Redis's clock; NaN if unknown, +Inf if not full."""
        ahead = self._clock.ahead
        if not window.full:
            return math.inf
        if ahead is None or not window.oldest_at:
            return math.nan
        return max(time.time() + ahead - window.oldest_at / 1000, 0)

    def _copy_delays(self) -> None:
        ahead, metrics = self._clock.ahead, self._metrics
        if ahead is not None:
            metrics.clock_ahead.set(ahead)
        samples = self._feed.take_samples(ahead)
        for stage, delays in (("read", samples.read_delays), ("written", samples.flush_delays)):
            for delay in delays:
                metrics.delay.labels(stage).observe(delay)

    def _copy_process(self) -> None:
        usage, metrics = process.usage(), self._metrics
        metrics.cpu.follow_one(usage.cpu_seconds)
        metrics.max_files.set(usage.max_files)
        metrics.resident.set(usage.resident_bytes)
        metrics.open_files.set(usage.open_files)
