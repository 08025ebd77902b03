"""The main loop of the scanner process: holds the node's lease, and decides when to scan.

A scan is due at an interval, after changes in the socket folder, and on request. Without the lease
the scanner stands by. If it loses the lease, it stops writing at once. While Redis is away the
scanner goes on probing; it publishes the results when Redis is back.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from hero_router.errors import Fenced, StoreError
from hero_router.run_in_own_task import in_own_task
from hero_router.scan.dependency_protocols import (
    Clock,
    HistoryProtocol,
    LeaseProtocol,
    Probe,
    RegistryProtocol,
    ScanRequestsProtocol,
    pause,
)
from hero_router.scan.duplicate_node_check import DuplicateNodeCheck
from hero_router.scan.scan_cycle import FLUSH_SECONDS, Scanner
from hero_router.scan.walk import WalkResult
from hero_router.scan.watcher import RootWatcher
from hero_router.settings.config import RouterConfig
from hero_router.store.lease import Grant
from hero_router.store.outage import Outage
from hero_router.store.scan_requests import ScanRequest

log = logging.getLogger(__name__)

MAX_REQUESTS = 256
"""Maximum number of scan requests that one scan answers; further requests are ignored."""
MAX_REQUEST_ID = 64
HISTORY_SECONDS, RELEASE_SECONDS = 0.8, 2.0
"""Longest waits for Redis when the scanner stops: to write the running minute of the history, and
to release the lease."""


class ScanLoop:
    """The scanner of one process: holds the lease, scans, and listens for scan requests.

    `walk` blocks, so it runs in a thread; all else is asynchronous.
    """

    def __init__(
        self,
        config: RouterConfig,
        lease: LeaseProtocol,
        registry: RegistryProtocol,
        history: HistoryProtocol,
        requests: ScanRequestsProtocol,
        probe: Probe,
        clock: Clock,
        walk: Callable[[], WalkResult],
    ) -> None:
        self._config, self._lease, self._requests, self._clock = config, lease, requests, clock
        self._registry = registry
        self._duplicates = DuplicateNodeCheck(config, registry)
        self._scanner = Scanner(config, lease, registry, history, probe, clock, walk)
        self._watcher = RootWatcher(config.node.root, clock)
        self._outage = Outage("publish changes")
        self._requests_outage = Outage("receive requests to scan")
        self._pending_requests: dict[str, None] = {}
        self._requested = asyncio.Event()

    async def run(self) -> None:
        """Run until cancelled: wait for the lease, and scan while this scanner holds it.

        Raises ConfigError if another deployment uses the same node name.
        """
        while True:
            grant = await self._stand_by()
            try:
                await in_own_task(self._run_as_leader(grant))
            finally:
                await self._give_up(self._scanner.history.finish(grant), HISTORY_SECONDS)
                await self._give_up(self._lease.release(grant), RELEASE_SECONDS)

    async def scan_once(self, *requests: str) -> None:
        """Take the lease, scan once, and release the lease. `requests` are request ids to answer.

        Raises:
            Fenced: another scanner holds the lease.
            StoreError: Redis cannot be reached or refuses a call.
        """
        grant = await self._lease.acquire()
        if grant is None:
            raise Fenced(f"another scanner holds the lease on node {self._config.node.name}")
        try:
            await self._scanner.begin(grant)
            async with asyncio.TaskGroup() as group:
                flushing = group.create_task(self._keep_flushing(grant))
                await self._scanner.scan(grant, requests, group)
                flushing.cancel()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        finally:
            await self._give_up(self._lease.release(grant), RELEASE_SECONDS)

    async def _stand_by(self) -> Grant:
        """Wait for the lease. Raises ConfigError if another deployment holds it."""
        logged = False
        while True:
            delay = self._config.scan.lease_seconds / 10
            try:
                grant = await self._lease.acquire()
                if grant is not None:
                    await self._scanner.begin(grant)
                self._outage.succeeded()
                if grant is not None:
                    log.info(
                        "this scanner is now the active one of node %s: it holds the node's lease "
                        "(fencing token %d)",
                        grant.node,
                        grant.token,
                    )
                    return grant
                if not logged:
                    log.info(
                        "this scanner stands by: another scanner is active for node %s and holds "
                        "the node's lease",
                        self._config.node.name,
                    )
                logged = True
                await self._duplicates.check()
            except StoreError as error:
                delay = self._outage.failed(error)
            await pause(self._clock, delay)

    async def _run_as_leader(self, grant: Grant) -> None:
        """Run the tasks of the scanner that holds the lease, until the lease is lost."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_lease(grant))
                group.create_task(self._keep_flushing(grant))
                group.create_task(self._scanner.history.run(grant))
                group.create_task(self._keep_listening())
                group.create_task(self._keep_watching(group))
                group.create_task(self._keep_scanning(grant, group))
        except* Fenced as lost:
            log.warning(
                "this scanner is no longer the active one of node %s, and stands by: %s",
                grant.node,
                lost.exceptions[0],
            )

    async def _give_up(self, step: Awaitable[None], seconds: float) -> None:
        """Await a last write of this scanner for so long; it may fail."""
        with contextlib.suppress(StoreError, TimeoutError):
            async with asyncio.timeout(seconds):
                await step

    async def _attempt(self, step: Awaitable[None]) -> float:
        """Await one step; returns the seconds to wait before a retry, 0 after success.

        Only a complete scan ends an outage, because it ends with a write: a Redis that accepts no
        data may still renew a lease. Raises Fenced.
        """
        try:
            await step
        except Fenced:
            raise
        except StoreError as error:
            return self._outage.failed(error)
        return 0.0

    async def _keep_lease(self, grant: Grant) -> None:
        """Renew the lease three times per lifetime, however long a scan takes."""
        third = self._config.scan.lease_seconds / 3
        delay = third
        while True:
            await pause(self._clock, delay)
            delay = min(await self._attempt(self._renew(grant)) or third, third)

    async def _renew(self, grant: Grant) -> None:
        """Renew the lease, and learn how far other scanners have written.

        If Redis loses their last events, this scanner then gives their positions to no others.
        """
        head = await self._lease.renew(grant)
        if head is None:
            raise Fenced(f"the lease on node {grant.node} is lost")
        self._registry.note_head(head)

    async def _keep_flushing(self, grant: Grant) -> None:
        while True:
            await self._scanner.work.wait()
            await pause(self._clock, FLUSH_SECONDS)
            if delay := await self._attempt(self._scanner.flush(grant)):
                await pause(self._clock, delay)
                self._scanner.work.set()

    async def _keep_listening(self) -> None:
        while True:
            try:
                async for request in self._requests.listen(self._requests_outage.succeeded):
                    self._accept(request)
            except StoreError as error:
                await pause(self._clock, self._requests_outage.failed(error))

    def _accept(self, request: ScanRequest) -> None:
        """Note a scan request for this node; one scan answers several requests."""
        is_ours = request.node in (None, self._config.node.name) and request.kind == "scan"
        fits = len(request.id) <= MAX_REQUEST_ID and len(self._pending_requests) < MAX_REQUESTS
        if is_ours and fits:
            self._pending_requests[request.id] = None
            self._requested.set()

    async def _keep_watching(self, group: asyncio.TaskGroup) -> None:
        """Walk the socket folder after each change in it, for a third of the time at most."""
        async for _ in self._watcher.changes():
            started = self._clock.monotonic()
            conditions = self._scanner.conditions.current
            await self._scanner.scan_new(group)
            if self._scanner.conditions.current != conditions:
                self._requested.set()  # only a complete scan reports conditions
            await pause(self._clock, 2 * (self._clock.monotonic() - started))

    async def _keep_scanning(self, grant: Grant, group: asyncio.TaskGroup) -> None:
        while True:
            due = self._clock.monotonic() + self._config.scan.seconds
            requests = list(self._pending_requests)
            self._pending_requests.clear()
            self._requested.clear()
            if delay := await self._attempt(self._scanner.scan(grant, requests, group)):
                self._pending_requests |= dict.fromkeys(requests)
                await pause(self._clock, delay)
            else:
                self._outage.succeeded()
            await self._clock.wait(self._requested, max(due - self._clock.monotonic(), 0))
