"""The metrics of one worker: names, texts, labels, and how those of several workers are merged.

`Recorder` keeps them up to date. Those of nodes and services are made when they are asked for, see
`metrics.nodes`.
"""

import platform
from collections.abc import Collection, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hero_router import __version__
from hero_router.errors import Fenced, NotReady, RouterError, StoreError
from hero_router.feed.conditions import NO_SCANNER, REDIS, SCANNER, STREAM
from hero_router.metrics.http import METHODS, STATUS_CLASSES
from hero_router.metrics.multiproc import CRASHED, STOPPED
from hero_router.model import PERMISSION, ROOT, Status

DELAYS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Bounds of the delays' histogram, in seconds. By default events are joined for up to 70 ms."""

STAGES = ("read", "written")
OUTCOMES = ("delivered", "dropped", "filtered", "superseded", "abandoned")
RESYNC_REASONS = ("lagged", "trimmed", "unknown_position", "store_changed")
CLOSE_CAUSES = ("left", "stalled", "aged", "shutdown", "revoked", CRASHED)
STALE_REASONS = (REDIS, STREAM, SCANNER, NO_SCANNER, ROOT, PERMISSION)
"""Label values that exist from the start: Prometheus needs the 0 before the first 1."""

Key = str | tuple[str, ...]
"""The values of a counter's labels."""


class CounterFollower:
    """A Prometheus counter that follows a total kept elsewhere.

    A counter never goes back. A total may: the deliveries that are expected by a subscriber whose
    gap is unknown are an estimate. The counter then waits until the total is where it was.
    """

    def __init__(self, counter: Counter, keys: Collection[Key]) -> None:
        self._counter = counter
        self._last: dict[Key, float] = dict.fromkeys(keys, 0)
        for key in keys:
            self._child(key)

    def follow(self, totals: Mapping[str, float] | Mapping[tuple[str, ...], float]) -> None:
        """Add the growth of each total since the last call."""
        for key, total in totals.items():
            grown = total - self._last.get(key, 0)
            if grown > 0:
                self._child(key).inc(grown)
                self._last[key] = total

    def follow_one(self, total: float) -> None:
        """The same for a counter without labels."""
        self.follow({"": total})

    def _child(self, key: Key) -> Counter:
        if not key:
            return self._counter
        return self._counter.labels(*((key,) if isinstance(key, str) else key))


class Declarations:
    """All metrics that a worker keeps."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._declare_counters()
        self._declare_gauges()
        self._declare_process()
        self.delay = Histogram(
            "hero_router_delay_seconds",
            "Delay of events by stage; one sample for each read and each flush: its oldest event",
            ["stage"],
            buckets=DELAYS,
            registry=self.registry,
        )
        for stage in STAGES:
            self.delay.labels(stage)

    def _counter(
        self, name: str, text: str, labels: str = "", keys: Collection[Key] = ("",)
    ) -> CounterFollower:
        counter = Counter(f"hero_router_{name}", text, labels.split(), registry=self.registry)
        return CounterFollower(counter, keys)

    def _gauge(self, name: str, text: str, mode: str, *labels: str) -> Gauge:
        return Gauge(
            f"hero_router_{name}",
            text,
            labels,
            registry=self.registry,
            multiprocess_mode=mode,  # type: ignore[arg-type] # one of the library's words
        )

    def _declare_counters(self) -> None:
        make = self._counter
        self.starts = make("worker_starts_total", "Workers that were started")
        self.ends = make(
            "worker_ends_total", "Workers that ended, by cause", "cause", (STOPPED, CRASHED)
        )
        self.published = make(
            "events_published_total",
            "Events that came from the stream; each worker counts each: with N workers N times",
        )
        self.transitions = make(
            "status_transitions_total",
            "Changes of a service's status, by the new one; each worker counts each",
            "to",
            tuple(map(str, Status)),
        )
        self.expected = make(
            "deliveries_expected_total", "Deliveries (one event to one client) due"
        )
        self.completed = make(
            "deliveries_completed_total", "Deliveries by how they ended", "outcome", OUTCOMES
        )
        self.bytes = make("sent_bytes_total", "Bytes of events handed to connections")
        self.joined = make("clients_joined_total", "Streams that began")
        self.blocked = make("clients_blocked_total", "Times that a client took no more for now")
        self.resyncs = make(
            "resyncs_total", "Resyncs sent to clients, by reason", "reason", RESYNC_REASONS
        )
        self.closed = make(
            "streams_closed_total", "Streams that ended, by cause", "cause", CLOSE_CAUSES
        )
        self.redis_errors = make(
            "redis_errors_total",
            "Errors of Redis while following the stream and watching the nodes, by code",
            "code",
            sorted(_codes()),
        )
        self.invalid = make("junk_entries_total", "Entries of the stream that are not ours")
        self.requests = make(
            "http_requests_total",
            "HTTP requests answered, by method and class of status",
            "method status",
            [(method, status) for method in METHODS for status in STATUS_CLASSES],
        )

    def _declare_gauges(self) -> None:
        make = self._gauge
        self.workers = make("workers", "Workers that run", "livesum")
        self.ready = make(
            "workers_ready", "Workers that follow the stream and are connected to Redis", "livesum"
        )
        self.ticked = make(
            "worker_tick_timestamp_seconds", "When a worker last wrote its metrics", "liveall"
        )
        self.clients = make("clients", "Clients now, by state", "livesum", "state")
        self.pending = make("deliveries_pending", "Deliveries that are still due", "livesum")
        self.unaccounted = make(
            "unaccounted",
            "Expected deliveries less completed and pending: always 0",
            "liveall",
        )
        self.lag = make("cursor_lag_events", "Lag of the client that is furthest behind", "livemax")
        self.ring = make("ring_events", "Events in the window", "livemin")
        self.limit = make("ring_limit_events", "Events that the window can hold", "livemin")
        self.span = make(
            "ring_span_seconds", "Time between the window's oldest and newest event", "livemin"
        )
        self.reach = make(
            "ring_reach_seconds",
            "Time that a client may be away and miss nothing; +Inf while nothing is trimmed",
            "livemin",
        )
        self.epoch = make("tail_epoch", "Epoch of the last event read", "liveall")
        self.seq = make("tail_seq", "Number of the last event read in its epoch", "liveall")
        self.clock_ahead = make(
            "redis_clock_ahead_seconds", "Redis's clock less this machine's", "livemostrecent"
        )
        self.stale = make(
            "stale", "1 while a worker's view may be out of date", "livemax", "reason"
        )
        build = make("build_info", "What runs here", "livemax", "version", "python")
        build.labels(__version__, platform.python_version()).set(1)

    def _declare_process(self) -> None:
        self.cpu = self._counter("worker_cpu_seconds_total", "CPU time of all workers")
        make = self._gauge
        self.started = make("worker_start_timestamp_seconds", "When a worker began", "liveall")
        self.resident = make("worker_resident_memory_bytes", "Memory of a worker", "liveall")
        self.open_files = make("worker_open_files", "Open files of a worker", "liveall")
        self.max_files = make("worker_max_open_files", "Limit of a worker's open files", "liveall")


def _codes() -> set[str]:
    """The codes of everything that can go wrong with Redis for a process that only reads."""
    found, waiting = set[str](), list[type[RouterError]]([StoreError])
    while waiting:
        kind = waiting.pop()
        if kind not in (Fenced, NotReady):
            found.add(kind.code)
            waiting += kind.__subclasses__()
    return found
