"""Makes the metrics of nodes and services from a worker's copy of the registry, at each scrape.

So a node or a service that is gone has no series any more. (In its multiprocess mode
prometheus_client cannot remove a series.)
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from hero_router.metrics.webhook import of_webhook
from hero_router.model import NodeState, Status
from hero_router.store.webhook import WebhookStatus

MAX_FIGURE = 1e18
"""Larger figures in reports are ignored: a whole number can be too large for Prometheus."""

MAX_SERVICES = 2_000
"""Maximum number of services with a series of their own; the others are only counted."""

STATUS_NUMBERS: Mapping[str, int] = {str(status): number for number, status in enumerate(Status)}
"""The value of a service's series: 0 is healthy."""


@dataclass(frozen=True, slots=True)
class View:
    """Services as pages show them, the nodes' last reports, and Redis's time in Unix seconds.

    `webhook` is None if it is not known, or nobody has ever sent webhooks.
    """

    services: Sequence[Mapping[str, Any]]
    nodes: Mapping[str, NodeState]
    now: float
    webhook: WebhookStatus | None = None


def families(view: View) -> list[Metric]:
    """All metrics of nodes, services and the webhook."""
    return [*_of_nodes(view), *_of_services(view), *of_webhook(view.webhook)]


def _of_nodes(view: View) -> Iterable[Metric]:
    reports = {name: state.to_json() for name, state in view.nodes.items()}

    def gauge(name: str, text: str, field: str, unit: float = 1) -> Metric:
        family = GaugeMetricFamily(f"hero_router_{name}", text, labels=["node"])
        for node, report in reports.items():
            _add(family, [node], _number(report.get(field)) / unit)
        return family

    age = GaugeMetricFamily(
        "hero_router_scan_age_seconds", "Time since a node's last scan", labels=["node"]
    )
    scans = CounterMetricFamily(
        "hero_router_scans", "Scans that a node's present scanner has made", labels=["node"]
    )
    probes = GaugeMetricFamily(
        "hero_router_probe_duration_seconds",
        "Time to a socket's first answer in a node's last scan: median and longest",
        labels=["node", "of"],
    )
    for node, report in reports.items():
        _add(age, [node], max(view.now - _number(report.get("last_scan")) / 1000, 0))
        _add(scans, [node], _number(report.get("scan")))
        probe_ms = report.get("probe_ms") or {}
        for word in ("median", "longest"):
            _add(probes, [node, word], _number(probe_ms.get(word)) / 1000)
    yield from (age, scans, probes)
    yield gauge("scan_interval_seconds", "Time between a node's scans", "scan_seconds")
    yield gauge("scan_duration_seconds", "Duration of a node's last scan", "duration_ms", 1000)
    yield gauge("scan_sockets", "Sockets found in a node's last scan", "sockets")


def _of_services(view: View) -> Iterable[Metric]:
    counts, flapping = Counter[tuple[str, str]](), Counter[str]()
    for record in view.services:
        node = str(record.get("node"))
        counts[node, _status(record)] += 1
        flapping[node] += record.get("flapping") is True
    services = GaugeMetricFamily(
        "hero_router_services",
        "Services by node and status, as pages show them",
        labels=["node", "status"],
    )
    flaps = GaugeMetricFamily(
        "hero_router_services_flapping",
        "Services whose status changes again and again",
        labels=["node"],
    )
    for node in sorted({node for node, _ in counts} | view.nodes.keys()):
        _add(flaps, [node], flapping[node])
        for status in STATUS_NUMBERS:
            _add(services, [node, status], counts[node, status])
    statuses = GaugeMetricFamily(
        "hero_router_service_status",
        "Status of a service as a number: "
        + ", ".join(f"{number} {status}" for status, number in STATUS_NUMBERS.items()),
        labels=["service", "context", "node"],
    )
    # One value for each name: Prometheus refuses a scrape in which a series stands twice.
    listed = {
        tuple(str(record.get(name)) for name in ("name", "context", "node")): _status(record)
        for record in view.services[:MAX_SERVICES]
    }
    for labels, status in listed.items():
        _add(statuses, labels, STATUS_NUMBERS[status])
    unlisted = GaugeMetricFamily(
        "hero_router_services_unlisted",
        f"Services beyond the first {MAX_SERVICES}, which have no hero_router_service_status",
        value=max(len(view.services) - MAX_SERVICES, 0),
    )
    yield from (services, flaps, statuses, unlisted)


def _status(record: Mapping[str, Any]) -> str:
    """A status of a newer version counts as unknown."""
    status = str(record.get("status"))
    return status if status in STATUS_NUMBERS else str(Status.UNKNOWN)


def _add(family: Any, labels: Sequence[str], value: float) -> None:
    """Add a sample, but for an unknown value."""
    if not math.isnan(value):
        family.add_metric(labels, value)


def _number(value: object) -> float:
    """A figure of a report; NaN where something else stands there, or far too much."""
    good = isinstance(value, int | float) and abs(value) < MAX_FIGURE
    return float(value) if good else math.nan  # type: ignore[arg-type] # a number, if it is good
