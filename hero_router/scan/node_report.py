"""Builds the node report, the `scan` event, and the figures of the last probes.

The only I/O is to look up the path of the socket folder and the id of the machine.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from hero_router import __version__
from hero_router.model import MAX_IGNORED, ROOT, Change, NodeState, Record
from hero_router.sanitize import readable
from hero_router.scan.duplicate_node_check import scan_location
from hero_router.scan.inventory import Inventory
from hero_router.scan.tracked_state import TrackedService, TrackedSocket
from hero_router.settings.config import RouterConfig
from hero_router.upstream.ignored_files import Identity


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """The findings of a finished scan, for the node report.

    `conditions` are details by reason; `last_error` is the last error of the scanner itself, such
    as a lack of file descriptors.
    """

    scan: int
    seconds: float
    inventory: Inventory
    conditions: Mapping[str, str]
    last_error: str | None
    tracked: Mapping[str, TrackedService]


class NodeReportBuilder:
    """Builds the reports of one node."""

    def __init__(self, config: RouterConfig) -> None:
        self._config = config

    def first(self, scanner: str, now_ms: int, known: Mapping[str, Record]) -> NodeState:
        """Build the report of a node before its first scan, so that a dead scanner is noticed."""
        return self._report(scanner, now_ms, known)

    def finished(
        self, scanner: str, now_ms: int, known: Mapping[str, Record], summary: ScanSummary
    ) -> NodeState:
        """Build the node report at the end of a scan."""
        inventory = summary.inventory
        ignored = inventory.walk.ignored
        return self._report(
            scanner,
            now_ms,
            known,
            scan=summary.scan,
            duration_ms=round(summary.seconds * 1000),
            sockets=len(inventory.sockets),
            probe_ms=probe_durations(summary.tracked.values()),
            root_device=inventory.known_root[0] if inventory.known_root else 0,
            ignored={readable(raw): ignored[raw] for raw in sorted(ignored)[:MAX_IGNORED]},
            ignored_count=len(ignored),
            conditions=summary.conditions,
            error=summary.conditions.get(ROOT) or summary.last_error,
        )

    def in_progress(self, last: NodeState, scanner: str, seconds: float, now_ms: int) -> NodeState:
        """Build the node report during a scan that takes longer than the scan before.

        The report is `last` with the new duration, and with the scanner that holds the lease now:
        after a takeover this is its first scan. Returns `last` itself while the running scan is
        shorter.
        """
        duration_ms = round(seconds * 1000)
        if duration_ms <= last.duration_ms:
            return last
        here = scan_location(self._config)
        is_first = last.scanner != scanner
        return replace(
            last,
            scanner=scanner,
            scan=0 if is_first else last.scan,
            last_scan=now_ms - duration_ms if is_first else last.last_scan,
            root=here.root,
            machine=here.machine,
            root_device=last.root_device if last.root == here.root else 0,
            advertise_url=self._config.peers.advertised,
            duration_ms=duration_ms,
        )

    def previous_root(self, last: NodeState | None) -> Identity | None:
        """Device of the socket folder in the last node report; None if it had another path."""
        if last is None or not last.root_device or last.root != scan_location(self._config).root:
            return None
        return last.root_device, 0

    def _report(
        self,
        scanner: str,
        now_ms: int,
        known: Mapping[str, Record],
        *,
        scan: int = 0,
        duration_ms: int = 0,
        sockets: int = 0,
        **rest: Any,
    ) -> NodeState:
        here = scan_location(self._config)
        return NodeState(
            node=self._config.node.name,
            scanner=scanner,
            scan=scan,
            last_scan=now_ms,
            duration_ms=duration_ms,
            sockets=sockets,
            services=len(known),
            version=__version__,
            counts=dict(Counter(str(record.status) for record in known.values())),
            scan_seconds=self._config.scan.seconds,
            root=here.root,
            machine=here.machine,
            advertise_url=self._config.peers.advertised,
            **rest,
        )


def scan_event(report: NodeState, counts: Mapping[str, int], requests: Sequence[str]) -> Change:
    """Build the `scan` event of a finished scan: numbers of changes, and ids of requests."""
    changes = Counter(counts)
    data = {
        "node": report.node,
        "discovered": report.services,
        "added": changes["service_added"],
        "removed": changes["service_removed"],
        "changed": changes["service_updated"] + changes["status_change"],
        "duration_ms": report.duration_ms,
        "requests": list(requests),
        "conditions": dict(report.conditions),
    }
    return Change("scan", "", data)


class ProbeFigures:
    """Computes the figures of the last probes; an unchanged service keeps the same object."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[TrackedService, Mapping[str, Any]]] = {}

    def update(
        self, tracked: Mapping[str, TrackedService], known: Mapping[str, Record]
    ) -> dict[str, Mapping[str, Any]]:
        """The figures by service id, of all services that are in the registry and were probed."""
        before, self._known = self._known, {}
        for key, service in tracked.items():
            last = before.get(key)
            if last is None or last[0] is not service:
                last = service, _service_figures(service)
            self._known[key] = last
        return {key: item for key, (_, item) in self._known.items() if item and key in known}


def _service_figures(service: TrackedService) -> Mapping[str, Any]:
    """The figures of a service's probed sockets; `checked_at` is the time of the oldest probe."""
    probed = [one for one in _live(service) if one.probed_ms]
    if not probed:
        return {}
    return {
        "checked_at": min(one.probed_ms or 0 for one in probed),
        "sockets": {one.state.name: _figures(one) for one in probed},
    }


def probe_durations(tracked: Iterable[TrackedService]) -> dict[str, float]:
    """Median and longest latency of all sockets in ms; {} if no socket answered."""
    latencies = [
        socket.state.latency_ms
        for service in tracked
        for socket in _live(service)
        if socket.state.latency_ms is not None
    ]
    if not latencies:
        return {}
    return {"median": round(median(latencies), 3), "longest": round(max(latencies), 3)}


def failing(tracked: Iterable[TrackedService], error: str) -> list[str]:
    """The paths of all sockets with this error."""
    return [
        socket.state.path
        for service in tracked
        for socket in _live(service)
        if socket.state.error == error
    ]


def _live(service: TrackedService) -> Iterable[TrackedSocket]:
    return (socket for socket in service.sockets.values() if not socket.stale)


def _figures(socket: TrackedSocket) -> dict[str, Any]:
    return {
        "latency_ms": socket.state.latency_ms,
        "error": socket.state.error,
        "failures": socket.state.failures,
        "checked_at": socket.probed_ms,
    }
