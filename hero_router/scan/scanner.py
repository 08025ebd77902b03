"""One scan of a node: walk the root, run the probes that are due, publish, report.

`agent` decides when to scan. A hanging service delays no other: results are published every
`FLUSH_SECONDS`, new sockets at first as `unknown`, and some probe slots are kept for new sockets.
"""

import asyncio
from collections.abc import Callable, Iterable

from hero_router.scan.conditions import NodeConditions
from hero_router.scan.discovery import Discovery
from hero_router.scan.probe_scheduler import ProbeScheduler
from hero_router.scan.protocols import Clock, LeaseProtocol, Probe, RegistryProtocol
from hero_router.scan.publishing import Publisher
from hero_router.scan.report import ReportBuilder, ScanSummary, failing
from hero_router.scan.reporting import Reporter
from hero_router.scan.result import ProbeResult
from hero_router.scan.status import EvalTime
from hero_router.scan.walk import SocketFile, WalkResult
from hero_router.settings.config import RouterConfig
from hero_router.store.lease import Grant
from hero_router.upstream.outcome import NO_PERMISSION, Outcome

FLUSH_SECONDS = 0.2
"""Results are gathered for this long before they are published together."""
HEARTBEAT_SECONDS = 1.0
"""Shortest time between two heartbeats of a running scan."""
WHOLE_SCANS = 12
"""One in so many scans reads every record: a foreign hand may have changed one in a way that head
and number of records do not show."""
HUNG_TIMEOUTS = 2
"""A scan in which no probe has ended for so many probe timeouts hangs, and sends no heartbeat."""


class Scanner:
    """Scans one node, under a lease that `agent` holds."""

    def __init__(
        self,
        config: RouterConfig,
        lease: LeaseProtocol,
        registry: RegistryProtocol,
        probe: Probe,
        clock: Clock,
        walk: Callable[[], WalkResult],
    ) -> None:
        self._config, self._lease, self._registry, self._clock = config, lease, registry, clock
        self._discovery = Discovery(config, clock, walk)
        self._publisher = Publisher(config, registry, self._discovery, self._now)
        self._reporter = Reporter(config, lease, registry, self._publisher)
        self._scheduler = ProbeScheduler(
            config, probe, self._publisher.tracked_socket, self._take_result
        )
        self._walking = asyncio.Lock()
        self._scan = self._token = 0
        self._last_error: str | None = None
        self.conditions = NodeConditions(config)

    @property
    def work(self) -> asyncio.Event:
        """Set while something waits to be published."""
        return self._publisher.work

    async def begin(self, grant: Grant) -> None:
        """Prepare for scans under a new grant; the tasks of the last one have ended.

        Tokens grow by one. A gap means that another scanner held the lease, or that Redis was
        emptied: then the registry counts for more than what is remembered here. A node gets its
        report before its first service, so that a scanner that dies in its first scan is missed.

        Raises StoreError.
        """
        self._scheduler.reset()
        view = await self._registry.view(self._config.node.name)
        if grant.token != self._token + 1:
            self._publisher.reset(view.records)
            root = ReportBuilder(self._config).previous_root(view.report)
            self._discovery.reset(self._discovery.inventory.inherited(root))
        self._token = grant.token
        if view.report is None:
            await self._reporter.first(grant, view.records)

    async def scan(self, grant: Grant, requests: Iterable[str], group: asyncio.TaskGroup) -> None:
        """Scan once to the end: probe the sockets that are due, publish all changes and the report.

        If the scan was asked for, all sockets are probed. Else those that have long been healthy
        take turns, and are only connected to in between.

        Raises:
            Fenced: another scanner holds the lease.
            StoreError: nothing could be published; what was seen is published by a later call.
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

    async def scan_new(self, group: asyncio.TaskGroup) -> None:
        """Walk the root, and probe only the sockets that are new or were bound anew."""
        await self._scheduler.start_new(await self._walk(), group)

    async def flush(self, grant: Grant) -> None:
        """Publish what was seen since the last call. Raises Fenced or another StoreError."""
        await self._publisher.flush(grant)

    async def _walk(self) -> list[SocketFile]:
        """Walk the root once, take in what changed, and return the sockets that can be probed."""
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
        """Pass on the result of a probe, if the socket is still there; else the next walk tells."""
        if self._discovery.is_verified(file) and result.outcome is not Outcome.MISSING:
            if result.outcome is Outcome.UNSEEN:
                self._last_error = result.error
            self._publisher.result_found(file, result)

    def _now(self) -> EvalTime:
        return EvalTime(self._lease.now_ms(), self._clock.monotonic(), self._scan)

    async def _await_probes(
        self, grant: Grant, probes: set[asyncio.Task[None]], started: float
    ) -> None:
        """Wait until all probes have ended, with heartbeats while some go on to end."""
        progress = self._clock.monotonic()
        while probes:
            every = max(self._config.scan.seconds, HEARTBEAT_SECONDS)
            done, probes = await asyncio.wait(probes, timeout=every)
            now = self._clock.monotonic()
            progress = now if done else progress
            if probes and now - progress <= HUNG_TIMEOUTS * self._config.scan.probe_timeout:
                await self._reporter.heartbeat(grant, now - started)

    def _summary(self, started: float) -> ScanSummary:
        tracked = self._publisher.tracked
        self.conditions.update_permission(failing(tracked.values(), NO_PERMISSION))
        return ScanSummary(
            scan=self._scan,
            seconds=self._clock.monotonic() - started,
            inventory=self._discovery.inventory,
            conditions=self.conditions.current,
            last_error=self._last_error,
            tracked=tracked,
        )
