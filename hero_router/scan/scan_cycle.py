"""Runs one scan: walks the socket folder, probes the sockets that are due, publishes changes.

`scan_loop` decides when to scan. A hanging service delays no other service: results are published
every `FLUSH_SECONDS`, a new socket is first published as `unknown`, and some probe slots are
reserved for new sockets.
"""

import asyncio
from collections.abc import Callable, Iterable

from hero_router.scan.dependency_protocols import (
    Clock,
    HistoryProtocol,
    LeaseProtocol,
    Probe,
    RegistryProtocol,
)
from hero_router.scan.history_writer import HistoryWriter
from hero_router.scan.minute_recorder import MinuteRecorder
from hero_router.scan.node_conditions import NodeConditions
from hero_router.scan.node_report import NodeReportBuilder, ScanSummary, failing
from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.probe_scheduler import ProbeScheduler
from hero_router.scan.publishing import Publisher
from hero_router.scan.reporting import Reporter
from hero_router.scan.service_discovery import Discovery
from hero_router.scan.socket_status import EvalTime
from hero_router.scan.walk import SocketFile, WalkResult
from hero_router.settings.config import RouterConfig
from hero_router.store.lease import Grant
from hero_router.upstream.outcome import NO_PERMISSION, Outcome

FLUSH_SECONDS = 0.2
"""Time for which results are collected before they are published together."""
HEARTBEAT_SECONDS = 1.0
"""Shortest time between two heartbeats of a running scan."""
WHOLE_SCANS = 12
"""One in this many scans reads all service records, to find changes by other programs.

Such a change need not change the newest position or the number of records."""
SILENT_SCANS, GRACE_SECONDS = 3, 4.0
"""The time of so many scans without a result, and this time, make the history unknown."""
HUNG_TIMEOUTS = 2
"""Number of probe timeouts without the end of a probe, after which a scan sends no heartbeat."""


class Scanner:
    """Scans one node, while `scan_loop` holds the lease."""

    def __init__(
        self,
        config: RouterConfig,
        lease: LeaseProtocol,
        registry: RegistryProtocol,
        history: HistoryProtocol,
        probe: Probe,
        clock: Clock,
        walk: Callable[[], WalkResult],
    ) -> None:
        self._config, self._lease, self._registry, self._clock = config, lease, registry, clock
        self._discovery = Discovery(config, clock, walk)
        recorder = MinuteRecorder()
        self._publisher = Publisher(config, registry, self._discovery, self._now, recorder)
        self._reporter = Reporter(config, lease, registry, self._publisher)
        self._scheduler = ProbeScheduler(
            config, probe, self._publisher.tracked_socket, self._take_result
        )
        self._walking = asyncio.Lock()
        self._scan = self._token = 0
        self._scan_seconds = self._published_at = 0.0
        self._last_error: str | None = None
        self.conditions = NodeConditions(config)
        self.history = HistoryWriter(history, recorder, registry, lease, clock, self.is_publishing)

    @property
    def work(self) -> asyncio.Event:
        """Event that is set while results or changes wait to be published."""
        return self._publisher.work

    async def begin(self, grant: Grant) -> None:
        """Prepare for scans under a new grant; the tasks under the last grant have ended.

        Fencing tokens grow by one. A gap means that another scanner held the lease, or that Redis
        was emptied: then the state that this scanner has kept may be out of date. The node report
        is written before the first service, so that a scanner that dies in its first scan counts as
        lost.

        Raises StoreError.
        """
        self._scheduler.reset()
        view = await self._registry.view(self._config.node.name)
        if grant.token != self._token + 1:
            self._publisher.reset(view.records)
            root = NodeReportBuilder(self._config).previous_root(view.report)
            self._discovery.reset(self._discovery.inventory.inherited(root))
        self._token = grant.token
        self._published_at = self._clock.monotonic()
        self.history.begin()
        if view.report is None:
            await self._reporter.first(grant, view.records)

    async def scan(self, grant: Grant, requests: Iterable[str], group: asyncio.TaskGroup) -> None:
        """Scan once: probe the sockets that are due, publish all changes and the node report.

        If there are `requests`, all sockets are probed. Else sockets that have long been healthy
        take turns; of the others the scanner only checks whether they have a listener.

        Raises:
            Fenced: another scanner holds the lease.
            StoreError: not all could be published; a later call publishes the rest.
        """
        self._scan += 1
        self._last_error = None
        started, requests = self._clock.monotonic(), list(requests)
        files = await self._walk()
        if requests:
            probes = await self._scheduler.start_all(files, group)
        else:
            probes = await self._scheduler.start_due(files, group, self._scan)
        await self._await_probes(grant, probes, started)
        await self._publisher.finish(grant, whole=self._scan % WHOLE_SCANS == 0)
        await self._reporter.finish(grant, self._summary(started), requests)
        self._published_at = self._clock.monotonic()
        self._scan_seconds = self._published_at - started

    async def scan_new(self, group: asyncio.TaskGroup) -> None:
        """Walk the socket folder, and probe only the sockets that are new or were bound again."""
        await self._scheduler.start_new(await self._walk(), group)

    async def flush(self, grant: Grant) -> None:
        """Publish the results since the last call. Raises Fenced or another StoreError."""
        await self._publisher.flush(grant)

    def is_publishing(self) -> bool:
        """Whether a scan has ended lately, or goes on, and Redis has taken its results.

        Web workers wait as long for a node report until they count the node as lost.
        """
        longest = SILENT_SCANS * (self._config.scan.seconds + self._scan_seconds) + GRACE_SECONDS
        return self._clock.monotonic() - self._published_at < longest

    async def _walk(self) -> list[SocketFile]:
        """Walk the socket folder, note the changes, and return the sockets that can be probed."""
        async with self._walking:
            before = self._discovery.services
            await self._discovery.refresh()
            self.conditions.update_walk(self._discovery.inventory)
            self._publisher.services_found(before)
            for file, reason in self._discovery.unverified().items():
                result = ProbeResult(Outcome.MISSING, reason)
                self._publisher.result_found(file, result)
            return self._discovery.verified()

    def _take_result(self, file: SocketFile, result: ProbeResult) -> None:
        """Pass on the result of a probe, unless the socket is gone, which the next walk notes."""
        if self._discovery.is_verified(file) and result.outcome is not Outcome.MISSING:
            if result.outcome is Outcome.UNSEEN:
                self._last_error = result.error
            self._publisher.result_found(file, result)

    def _now(self) -> EvalTime:
        return EvalTime(self._lease.now_ms(), self._clock.monotonic(), self._scan)

    async def _await_probes(
        self, grant: Grant, probes: set[asyncio.Task[None]], started: float
    ) -> None:
        """Wait until all probes have ended; send heartbeats as long as probes end."""
        progress = self._clock.monotonic()
        while probes:
            every = max(self._config.scan.seconds, HEARTBEAT_SECONDS)
            done, probes = await asyncio.wait(probes, timeout=every)
            now = self._clock.monotonic()
            progress = now if done else progress
            hung = now - progress > HUNG_TIMEOUTS * self._config.scan.probe_timeout
            if probes and not hung and await self._reporter.heartbeat(grant, now - started):
                self._published_at = now

    def _summary(self, started: float) -> ScanSummary:
        tracked = self._publisher.tracked
        self.conditions.update_permission(failing(tracked.values(), NO_PERMISSION))
        return ScanSummary(
            scan=self._scan,
            seconds=self._clock.monotonic() - started,
            inventory=self._discovery.inventory,
            conditions=self.conditions.current,
            last_error=self._last_error or self.history.trouble,
            tracked=tracked,
        )
