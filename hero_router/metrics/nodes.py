"""The part of `/metrics` about nodes: their scanners' figures, and how their services are."""

import math
import time
from collections.abc import Callable
from typing import Any

from prometheus_client import Gauge

from hero_router.feed.mirror import Mirror
from hero_router.model import NodeState, Status

MOST = 1e18
"""Larger figures in reports are not believed: a whole number can be too large for Prometheus."""

PROBES = ("median", "longest")


class NodeMetrics:
    """Follows a mirror. `make` makes a gauge from its name, text, multiprocess mode and labels.

    A label cannot be taken back, and the last figures of a node that is gone would be a lie: they
    become NaN.
    """

    def __init__(self, mirror: Mirror, make: Callable[..., Gauge]) -> None:
        self._mirror = mirror
        self._reported, self._counted = set[str](), set[str]()
        self._revision = -1
        mode, node = "livemostrecent", "node"
        self._age = make("scan_age_seconds", "Time since a node's last scan", "livemin", node)
        self._pace = make("scan_interval_seconds", "Time between a node's scans", mode, node)
        self._took = make("scan_duration_seconds", "Duration of a node's last scan", mode, node)
        text = "Time to sockets' first answers in a node's last scan: median and longest"
        self._probe = make("probe_duration_seconds", text, mode, node, "of")
        text = "Services by node and status, as pages show them"
        self._services = make("services", text, mode, node, "status")

    def tick(self, ahead: float) -> None:
        """Bring all up to date; `ahead` is Redis's clock less this machine's, in seconds."""
        nodes, now = self._mirror.nodes, time.time() + ahead
        for name, state in nodes.items():
            self._report(name, state, now)
        for name in self._reported - nodes.keys():
            self._report(name, None, now)
        self._reported |= nodes.keys()
        if self._revision != self._mirror.revision:
            self._revision = self._mirror.revision
            self._count()

    def _report(self, name: str, state: NodeState | None, now: float) -> None:
        told: dict[str, Any] = {} if state is None else state.to_json()
        self._age.labels(name).set(max(now - _number(told.get("last_scan")) / 1000, 0))
        self._pace.labels(name).set(_number(told.get("scan_seconds")))
        self._took.labels(name).set(_number(told.get("duration_ms")) / 1000)
        probe_ms = told.get("probe_ms") or {}
        for word in PROBES:
            self._probe.labels(name, word).set(_number(probe_ms.get(word)) / 1000)

    def _count(self) -> None:
        counts = self._mirror.statuses()
        names = {name for name, _ in counts} | self._mirror.nodes.keys()
        for name in names | self._counted:
            for status in Status:
                known = counts[name, status] if name in names else math.nan
                self._services.labels(name, status).set(known)
        self._counted |= names


def _number(value: object) -> float:
    """A figure of a report; a stranger may have written something else there, or far too much."""
    return value if isinstance(value, int | float) and abs(value) < MOST else math.nan
