"""`GET /metrics`: what all workers of one gunicorn master did, for Prometheus.

The hot path only counts in plain integers. Once a second these are copied into Prometheus' own
metrics, which live in a folder that the workers share (`web.shared`).
"""

import asyncio
import math
import os
import platform
import time
from collections.abc import Collection, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from hero_router import __version__
from hero_router.errors import Fenced, NotReady, RouterError, StoreError
from hero_router.feed.conditions import NO_SCANNER, REDIS, SCANNER, STREAM
from hero_router.feed.feed import Feed, WindowStatus
from hero_router.metrics import deaths
from hero_router.metrics.multiproc import VARIABLE, metric_files
from hero_router.metrics.nodes import NodeMetrics
from hero_router.model import PERMISSION, ROOT
from hero_router.store.clock import RedisClock

TICK_SECONDS = 1.0

DELAYS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bounds of the delays' histogram, in seconds: events are joined for 70 ms by default."""

OUTCOMES = ("delivered", "dropped", "filtered", "superseded", "abandoned")
REASONS = ("lagged", "trimmed", "unknown_position", "store_changed")
CAUSES = ("left", "stalled", "aged", "shutdown", "revoked", deaths.CRASHED)
ENDS = (deaths.STOPPED, deaths.CRASHED)
DOUBTS = (REDIS, STREAM, SCANNER, NO_SCANNER, ROOT, PERMISSION)
"""Label values that exist from the start: a rate needs the 0 before the first 1."""


class CounterFollower:
    """A counter of Prometheus that follows a total kept elsewhere.

    A counter never goes back. A total may: the deliveries that are expected by a subscriber whose
    gap is unknown are an estimate. The counter then waits until the total is where it was.
    """

    def __init__(self, counter: Counter, label: str = "", values: Collection[str] = ("",)) -> None:
        self._counter, self._label = counter, label
        self._last = dict.fromkeys(values, 0)
        for value in values:
            self._child(value)

    def follow(self, totals: Mapping[str, int]) -> None:
        """Add what came to each total since the last time."""
        for value, total in totals.items():
            grown = total - self._last.get(value, 0)
            if grown > 0:
                self._child(value).inc(grown)
                self._last[value] = total

    def _child(self, value: str) -> Counter:
        return self._counter.labels(value) if self._label else self._counter


class Metrics:
    """One worker's metrics; `tick` brings them up to date."""

    def __init__(self, feed: Feed, clock: RedisClock) -> None:
        self._feed, self._clock = feed, clock
        self._registry = CollectorRegistry()
        self._make_counters()
        self._make_gauges()
        self._nodes = NodeMetrics(feed.mirror, self._gauge)
        self._delay = Histogram(
            "hero_router_delay_seconds",
            "Delay of events by stage; one sample for each read and each flush: its oldest event",
            ["stage"],
            buckets=DELAYS,
            registry=self._registry,
        )
        for stage in ("read", "written"):
            self._delay.labels(stage)

    def _counter(
        self, name: str, text: str, label: str = "", values: Collection[str] = ()
    ) -> CounterFollower:
        labels = [label] if label else []
        counter = Counter(f"hero_router_{name}", text, labels, registry=self._registry)
        return CounterFollower(counter, label, values or ("",))

    def _gauge(self, name: str, text: str, mode: str, *labels: str) -> Gauge:
        return Gauge(
            f"hero_router_{name}",
            text,
            labels,
            registry=self._registry,
            multiprocess_mode=mode,  # type: ignore[arg-type] # one of the library's words
        )

    def _make_counters(self) -> None:
        make = self._counter
        self._starts = make("worker_starts_total", "Workers that were started")
        self._ends = make("worker_ends_total", "Workers that ended, by cause", "cause", ENDS)
        self._published = make(
            "events_published_total",
            "Events that came from the stream; each worker counts each: with N workers N times",
        )
        self._owed = make("deliveries_owed_total", "Deliveries (one event to one client) owed")
        self._settled = make(
            "deliveries_settled_total", "Deliveries by how they ended", "outcome", OUTCOMES
        )
        self._bytes = make("sent_bytes_total", "Bytes of events handed to connections")
        self._joined = make("clients_joined_total", "Streams that began")
        self._parked = make("clients_parked_total", "Times that a client took no more for now")
        self._resyncs = make(
            "resyncs_total", "Clients told that they missed events, by reason", "reason", REASONS
        )
        self._closed = make("streams_closed_total", "Streams that ended, by cause", "cause", CAUSES)
        self._errors = make(
            "redis_errors_total",
            "Errors of Redis met by those who follow the stream and watch the nodes, by code",
            "code",
            sorted(_codes()),
        )
        self._junk = make("junk_entries_total", "Entries of the stream that are not ours")

    def _make_gauges(self) -> None:
        make = self._gauge
        self._workers = make("workers", "Workers that run", "livesum")
        self._ready = make("workers_ready", "Workers that can tell the truth now", "livesum")
        self._ticked = make(
            "worker_tick_timestamp_seconds", "When a worker last wrote its figures", "liveall"
        )
        self._clients = make("clients", "Clients now, by state", "livesum", "state")
        self._pending = make("deliveries_pending", "Deliveries that are still due", "livesum")
        self._balance = make(
            "balance", "Deliveries owed that are neither settled nor pending: 0, always", "liveall"
        )
        self._lag = make("cursor_lag_events", "Events that the last client is behind", "livemax")
        self._ring = make("ring_events", "Events in the window", "livemin")
        self._limit = make("ring_limit_events", "Events that the window can hold", "livemin")
        self._span = make(
            "ring_span_seconds", "Time between the window's oldest and newest event", "livemin"
        )
        self._reach = make(
            "ring_reach_seconds",
            "Time that a client may have been away and get all; +Inf while nothing is trimmed",
            "livemin",
        )
        self._epoch = make("tail_epoch", "Epoch of the last event read", "liveall")
        self._seq = make("tail_seq", "Number of the last event read in its epoch", "liveall")
        self._ahead = make(
            "redis_clock_ahead_seconds", "Redis's clock less this machine's", "livemostrecent"
        )
        self._doubts = make("doubts", "1 while a worker doubts its view", "livemax", "reason")
        build = make("build_info", "What runs here", "livemax", "version", "python")
        build.labels(__version__, platform.python_version()).set(1)

    async def run(self) -> None:
        """Tick until cancelled."""
        self._starts.follow({"": 1})
        while True:
            self.tick()
            await asyncio.sleep(TICK_SECONDS)

    def end(self) -> None:
        """The last words of a worker that was told to end; for all others see `deaths`."""
        if not self._feed.failed:
            self._ends.follow({deaths.STOPPED: 1})
        self.tick()

    def tick(self) -> None:
        """Copy everything as of now. No await in here: the figures of one worker fit together."""
        self._copy_counts()
        self._copy_clients()
        self._copy_tail()
        self._nodes.tick(self._clock.ahead or 0)

    def _copy_counts(self) -> None:
        counts = self._feed.delivery_stats()
        self._published.follow({"": counts.published})
        self._owed.follow({"": counts.expected})
        self._settled.follow({outcome: getattr(counts, outcome) for outcome in OUTCOMES})
        self._bytes.follow({"": counts.bytes})
        self._joined.follow({"": counts.joined})
        self._parked.follow({"": counts.blocked})
        self._resyncs.follow(counts.resyncs)
        self._closed.follow(counts.closed)
        self._errors.follow(self._feed.redis_errors())
        self._junk.follow({"": self._feed.invalid_entries})

    def _copy_clients(self) -> None:
        found = self._feed.subscriber_stats()
        for state, number in found.states.items():
            self._clients.labels(state.value).set(number)
        self._pending.set(found.pending)
        self._balance.set(found.unaccounted)
        self._lag.set(found.max_lag)

    def _copy_tail(self) -> None:
        feed, window = self._feed, self._feed.window_status()
        self._workers.set(1)
        self._ticked.set(time.time())
        self._ready.set(feed.ready)
        self._ring.set(window.events)
        self._limit.set(window.limit)
        self._span.set(window.span)
        self._reach.set(self._window_reach(window))
        self._epoch.set(window.head.epoch)
        self._seq.set(window.head.seq)
        doubted = {item.reason for item in feed.conditions.current}
        for reason in DOUBTS:
            self._doubts.labels(reason).set(reason in doubted)
        self._copy_delays()

    def _window_reach(self, window: WindowStatus) -> float:
        """By Redis's clock; NaN where nobody knows."""
        ahead = self._clock.ahead
        if not window.full:
            return math.inf
        if ahead is None or not window.oldest_at:
            return math.nan
        return max(time.time() + ahead - window.oldest_at / 1000, 0)

    def _copy_delays(self) -> None:
        ahead = self._clock.ahead
        if ahead is not None:
            self._ahead.set(ahead)
        samples = self._feed.take_samples(ahead)
        for stage, delays in (("read", samples.read_delays), ("written", samples.flush_delays)):
            for delay in delays:
                self._delay.labels(stage).observe(delay)

    def text(self) -> bytes:
        """The metrics of all workers in Prometheus' format; of this one where it is alone."""
        folder = os.environ.get(VARIABLE)
        if folder is None:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        registry.register(_AllWorkers(folder))
        return generate_latest(registry)


class _AllWorkers(Collector):
    """The metrics that all workers put in a folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Merged; a worker that starts, or was killed as it did, has files without a figure yet."""
        merged: Iterable[Metric]
        merged = MultiProcessCollector.merge(metric_files(self._folder))  # type: ignore[no-untyped-call]
        return merged


def _codes() -> set[str]:
    """The codes of everything that can go wrong with Redis for who only reads."""
    found, waiting = set[str](), list[type[RouterError]]([StoreError])
    while waiting:
        kind = waiting.pop()
        if kind not in (Fenced, NotReady):
            found.add(kind.code)
            waiting += kind.__subclasses__()
    return found
