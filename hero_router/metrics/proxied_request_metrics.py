"""Declares the Prometheus metrics of the requests to services, and copies the counts there."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hero_router.metrics.proxied_request_counts import (
    BUCKETS,
    OTHER,
    ProxiedCounts,
    SocketCounts,
    SocketKey,
    Times,
)
from hero_router.proxy.call_record import Cause

SOCKET = SocketKey._fields
"""The labels that name a socket."""


class ProxiedMetrics:
    """The metrics of one worker's requests to services."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "hero_router_proxied_requests_total",
            "Requests to services that ended, by socket, class of status and how they ended",
            [*SOCKET, "status", "cause"],
            registry=registry,
        )
        self._bytes = Counter(
            "hero_router_proxied_bytes_total",
            "Bytes in the bodies of requests to services, and of their answers",
            [*SOCKET, "of"],
            registry=registry,
        )
        self._first_bytes = Histogram(
            "hero_router_proxied_first_byte_seconds",
            "Time from a request to a service until its answer begins",
            SOCKET,
            buckets=BUCKETS,
            registry=registry,
        )
        self._durations = Histogram(
            "hero_router_proxied_duration_seconds",
            "Time from a request to a service until its answer has ended, or a tunnel begins",
            SOCKET,
            buckets=BUCKETS,
            registry=registry,
        )
        self._open = Gauge(
            "hero_router_proxied_open",
            "Requests to services that have not ended",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._tunnels = Gauge(
            "hero_router_tunnels_open",
            "Open tunnels between clients and services",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._add(OTHER, SocketCounts())
        for cause in Cause:  # Prometheus needs the 0 before the first 1
            self._requests.labels(*OTHER, "5xx", cause.value)

    def copy(self, counts: ProxiedCounts, tunnels: int) -> None:
        """Add what was counted since the last call, and show what is open now."""
        self._open.set(counts.open)
        self._tunnels.set(tunnels)
        for key, found in counts.take().items():
            self._add(key, found)

    def _add(self, key: tuple[str, str, str], found: SocketCounts) -> None:
        for (digit, cause), number in found.requests.items():
            status = f"{digit}xx" if digit else "none"
            self._requests.labels(*key, status, cause.value).inc(number)
        self._bytes.labels(*key, "requests").inc(found.received_bytes)
        self._bytes.labels(*key, "answers").inc(found.sent_bytes)
        _add_times(self._first_bytes.labels(*key), found.first_bytes)
        _add_times(self._durations.labels(*key), found.durations)


def _add_times(histogram: Any, times: Times) -> None:
    """Add counted times to a histogram.

    prometheus_client's own `observe` takes one time, and would be called for each request.
    """
    for bucket, number in zip(histogram._buckets, times.counts, strict=True):  # noqa: SLF001
        if number:
            bucket.inc(number)
    histogram._sum.inc(times.sum)  # noqa: SLF001
