"""Declares the metrics of one worker: names, help texts, labels, and how workers are merged.

`metrics.metric_updater` updates the metrics. `metrics.registry_collector` makes the metrics of
nodes and services at each scrape.
"""

import platform
from collections.abc import Collection, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hero_router import __version__
from hero_router.errors import Fenced, NotReady, RouterError, StoreError
from hero_router.feed.conditions import NO_SCANNER, REDIS, SCANNER, STREAM
from hero_router.metrics.http_request_counts import METHODS, STATUS_CLASSES
from hero_router.metrics.multiproc_folder import CRASHED, STOPPED
from hero_router.metrics.proxied_request_metrics import ProxiedMetrics
from hero_router.model import PERMISSION, ROOT, Status

DELAYS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Buckets of the delay histogram, in seconds. By default events wait for up to 70 ms."""

STAGES = ("read", "written")
OUTCOMES = ("delivered", "dropped", "filtered", "superseded", "abandoned")
RESYNC_REASONS = ("lagged", "trimmed", "unknown_position", "store_changed")
CLOSE_CAUSES = ("left", "stalled", "aged", "shutdown", "revoked", CRASHED)
STALE_REASONS = (REDIS, STREAM, SCANNER, NO_SCANNER, ROOT, PERMISSION)
"""Label values that exist from the start: Prometheus needs the 0 before the first 1."""

Key = str | tuple[str, ...]
"""The values of a counter's labels."""


class CounterFollower:
    """Updates a Prometheus counter from a total that other code counts.

    A counter never decreases. A total may: the expected deliveries of a subscriber whose gap is
    unknown are an estimate. The counter then stays until the total is larger again.
    """

    def __init__(self, counter: Counter, keys: Collection[Key]) -> None:
        self._counter = counter
        self._last: dict[Key, float] = dict.fromkeys(keys, 0)
        for key in keys:
            self._child(key)

    def follow(self, totals: Mapping[str, float] | Mapping[tuple[str, ...], float]) -> None:
        """Add to the counter how much each total has grown since the last call."""
        for key, total in totals.items():
            grown = total - self._last.get(key, 0)
            if grown > 0:
                self._child(key).inc(grown)
                self._last[key] = total

    def follow_one(self, total: float) -> None:
        """Add to a counter without labels how much its total has grown."""
        self.follow({"": total})

    def _child(self, key: Key) -> Counter:
        if not key:
            return self._counter
        return self._counter.labels(*((key,) if isinstance(key, str) else key))


class Declarations:
    """All Prometheus metrics that a worker keeps."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._declare_counters()
        self._declare_gauges()
        self._declare_process()
        self.proxied = ProxiedMetrics(self.registry)
        self.delay = Histogram(
            "hero_router_delay_seconds",
            "Delay of events by stage; each read and each flush adds one sample, its oldest event",
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
        self.starts = make("worker_starts_total", "Worker processes that were started")
        self.ends = make(
            "worker_ends_total",
            "Worker processes that ended, by cause",
            "cause",
            (STOPPED, CRASHED),
        )
        self.published = make(
            "events_published_total",
            "Events read from the stream; every worker counts every event",
        )
        self.transitions = make(
            "status_transitions_total",
            "Changes of a service's status, by new status; every worker counts every change",
            "to",
            tuple(map(str, Status)),
        )
        self.expected = make(
            "deliveries_expected_total", "Deliveries (one event to one client) that were expected"
        )
        self.completed = make(
            "deliveries_completed_total",
            "Deliveries (one event to one client) that ended, by outcome",
            "outcome",
            OUTCOMES,
        )
        self.bytes = make("sent_bytes_total", "Bytes of events written to client connections")
        self.joined = make("clients_joined_total", "Event streams that began")
        self.blocked = make(
            "clients_blocked_total", "Times that a client's connection took no more bytes"
        )
        self.resyncs = make(
            "resyncs_total",
            "Times that a client was told that it missed events (resync), by reason",
            "reason",
            RESYNC_REASONS,
        )
        self.closed = make(
            "streams_closed_total", "Event streams that ended, by cause", "cause", CLOSE_CAUSES
        )
        self.redis_errors = make(
            "redis_errors_total",
            "Errors of Redis while reading the stream or checking the nodes, by code",
            "code",
            sorted(_codes()),
        )
        self.invalid = make(
            "junk_entries_total", "Entries of the stream that hero_router did not write"
        )
        self.requests = make(
            "http_requests_total",
            "HTTP requests answered, by method and class of status",
            "method status",
            [(method, status) for method in METHODS for status in STATUS_CLASSES],
        )

    def _declare_gauges(self) -> None:
        make = self._gauge
        self.workers = make("workers", "Worker processes that run", "livesum")
        self.ready = make(
            "workers_ready",
            "Workers that are ready: they follow the stream and are connected to Redis",
            "livesum",
        )
        self.ticked = make(
            "worker_tick_timestamp_seconds",
            "Unix time at which a worker last wrote its metrics",
            "liveall",
        )
        self.clients = make("clients", "Connected clients, by state", "livesum", "state")
        self.pending = make(
            "deliveries_pending", "Deliveries (one event to one client) still due", "livesum"
        )
        self.unaccounted = make(
            "unaccounted",
            "Expected minus completed minus pending deliveries: 0 unless there is a bug",
            "liveall",
        )
        self.lag = make(
            "cursor_lag_events",
            "Events that the client furthest behind has not been sent yet",
            "livemax",
        )
        self.ring = make("ring_events", "Newest events that a worker keeps (window)", "livemin")
        self.limit = make(
            "ring_limit_events",
            "Most events that a worker can keep (ROUTER_SSE_BUFFER)",
            "livemin",
        )
        self.span = make(
            "ring_span_seconds",
            "Time between the publication of the oldest and the newest event kept",
            "livemin",
        )
        self.reach = make(
            "ring_reach_seconds",
            "Time for which a client may be away and miss no event; +Inf while all events are kept",
            "livemin",
        )
        self.epoch = make("tail_epoch", "Epoch of the last event that a worker has read", "liveall")
        self.seq = make(
            "tail_seq",
            "Sequence number in its epoch of the last event that a worker has read",
            "liveall",
        )
        self.clock_ahead = make(
            "redis_clock_ahead_seconds", "Redis's clock minus this machine's", "livemostrecent"
        )
        self.stale = make(
            "stale",
            "1 while the state of a worker may be out of date, by reason",
            "livemax",
            "reason",
        )
        build = make(
            "build_info",
            "Versions of hero_router and of Python; always 1",
            "livemax",
            "version",
            "python",
        )
        build.labels(__version__, platform.python_version()).set(1)

    def _declare_process(self) -> None:
        self.cpu = self._counter("worker_cpu_seconds_total", "CPU time of all workers")
        make = self._gauge
        self.started = make(
            "worker_start_timestamp_seconds", "Unix time at which a worker started", "liveall"
        )
        self.resident = make(
            "worker_resident_memory_bytes", "Resident memory of a worker", "liveall"
        )
        self.open_files = make(
            "worker_open_files", "File descriptors that a worker has open", "liveall"
        )
        self.max_files = make(
            "worker_max_open_files", "Most file descriptors that a worker may open", "liveall"
        )


def _codes() -> set[str]:
    """The codes of all errors of Redis that a process which only reads can meet."""
    found, waiting = set[str](), list[type[RouterError]]([StoreError])
    while waiting:
        kind = waiting.pop()
        if kind not in (Fenced, NotReady):
            found.add(kind.code)
            waiting += kind.__subclasses__()
    return found
