"""The scanner process's loop: hold the node's lease, scan on time, on change and on request.

Whoever does not hold the lease stands by; whoever loses it stops writing at once. Redis may come
and go: probing goes on, and what was seen is published when it is back.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable

from hero_router.errors import Fenced, StoreError
from hero_router.scan.duplicates import DuplicateNodeCheck
from hero_router.scan.interfaces import (
    Clock,
    LeaseProtocol,
    Probe,
    RegistryProtocol,
    ScanRequestsProtocol,
    pause,
)
from hero_router.scan.scanner import FLUSH_SECONDS, Scanner
from hero_router.scan.sockets import WalkResult
from hero_router.scan.watcher import RootWatcher
from hero_router.settings.config import RouterConfig
from hero_router.store.commands import ScanRequest
from hero_router.store.lease import Grant

log = logging.getLogger(__name__)

MAX_REQUESTS = 256
"""Most requests that one scan answers; more than that in one scan is noise."""
MAX_REQUEST_ID = 64
RELEASE_SECONDS = 2.0
"""Longest wait for Redis on the way out."""


class Outage:
    """Tells of Redis's absence once for each change of state, and how long to wait meanwhile.

    `loss` says for people what does not work meanwhile.
    """

    def __init__(self, loss: str, chance: Callable[[], float] = random.random) -> None:
        self._loss, self._chance, self._code, self._count = loss, chance, "", 0

    def began(self, error: StoreError) -> float:
        """Note a failure; returns the seconds to wait: twice as long each time, with jitter."""
        if error.code != self._code:
            log.warning("%s: %s", self._loss, error)
        self._code, self._count = error.code, min(self._count + 1, 4)
        return 0.2 * 2.0**self._count * (0.5 + self._chance() / 2)

    def ended(self) -> None:
        """Note a success."""
        if self._code:
            log.info("Redis is back; no longer: %s", self._loss)
        self._code, self._count = "", 0


class ScannerAgent:
    """One scanner process. `walk` blocks and is called in a thread; all else is asynchronous."""

    def __init__(
        self,
        config: RouterConfig,
        lease: LeaseProtocol,
        registry: RegistryProtocol,
        requests: ScanRequestsProtocol,
        probe: Probe,
        clock: Clock,
        walk: Callable[[], WalkResult],
    ) -> None:
        self._config, self._lease, self._requests, self._clock = config, lease, requests, clock
        self._rivals = DuplicateNodeCheck(config, registry)
        self._scanner = Scanner(config, lease, registry, probe, clock, walk)
        self._watch = RootWatcher(config.node.root, clock)
        self._outage = Outage("nothing can be published")
        self._requests_outage = Outage("requests cannot be heard")
        self._pending_requests: dict[str, None] = {}
        self._wished = asyncio.Event()

    async def run(self) -> None:
        """Scan while the lease is ours, until cancelled; the lease is released on the way out.

        Raises ConfigError where another deployment has this node.
        """
        while True:
            grant = await self._stand_by()
            try:
                await self._run_as_leader(grant)
            finally:
                await self._release(grant)

    async def scan_once(self, *requests: str) -> None:
        """Take the lease, scan once to the end, and give it back.

        Raises:
            Fenced: another scanner holds the lease.
            StoreError: Redis could not be asked or refused.
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
            await self._release(grant)

    async def _stand_by(self) -> Grant:
        """Wait until the lease is ours. Raises ConfigError where another deployment holds it."""
        told = False
        while True:
            delay = self._config.scan.lease_seconds / 10
            try:
                grant = await self._lease.acquire()
                if grant is not None:
                    await self._scanner.begin(grant)
                self._outage.ended()
                if grant is not None:
                    log.info("scanning node %s (token %d)", grant.node, grant.token)
                    return grant
                if not told:
                    log.info("another scanner holds node %s: standing by", self._config.node.name)
                told = True
                await self._rivals.check()
            except StoreError as error:
                delay = self._outage.began(error)
            await pause(self._clock, delay)

    async def _run_as_leader(self, grant: Grant) -> None:
        """Everything that the holder of the lease does, until it is lost."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_lease(grant))
                group.create_task(self._keep_flushing(grant))
                group.create_task(self._keep_listening())
                group.create_task(self._keep_watching(group))
                group.create_task(self._keep_scanning(grant, group))
        except* Fenced as lost:
            log.warning("stopped writing: %s", lost.exceptions[0])

    async def _release(self, grant: Grant) -> None:
        with contextlib.suppress(StoreError, TimeoutError):
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._lease.release(grant)

    async def _attempt(self, step: Awaitable[None]) -> float:
        """Seconds to wait before Redis is tried again; 0 when all went well. Raises Fenced.

        The end of an outage is told by a whole scan alone, which ends with a write: a Redis that
        takes no data may still prolong a lease.
        """
        try:
            await step
        except Fenced:
            raise
        except StoreError as error:
            return self._outage.began(error)
        return 0.0

    async def _keep_lease(self, grant: Grant) -> None:
        """Renew thrice per lifetime, however long a scan takes."""
        third = self._config.scan.lease_seconds / 3
        delay = third
        while True:
            await pause(self._clock, delay)
            delay = min(await self._attempt(self._renew(grant)) or third, third)

    async def _renew(self, grant: Grant) -> None:
        if not await self._lease.renew(grant):
            raise Fenced(f"the lease on node {grant.node} is lost")

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
                async for request in self._requests.listen():
                    self._requests_outage.ended()
                    self._wish(request)
            except StoreError as error:
                await pause(self._clock, self._requests_outage.began(error))

    def _wish(self, request: ScanRequest) -> None:
        """Note a request for a scan; several become one scan that answers all."""
        ours = request.node in (None, self._config.node.name) and request.kind == "scan"
        fits = len(request.id) <= MAX_REQUEST_ID and len(self._pending_requests) < MAX_REQUESTS
        if ours and fits:
            self._pending_requests[request.id] = None
            self._wished.set()

    async def _keep_watching(self, group: asyncio.TaskGroup) -> None:
        """Look whenever something changed, but no more than a third of the time."""
        async for _ in self._watch.changes():
            started = self._clock.monotonic()
            doubts = self._scanner.conditions.current
            await self._scanner.look(group)
            if self._scanner.conditions.current != doubts:
                self._wished.set()  # only a whole scan reports them
            await pause(self._clock, 2 * (self._clock.monotonic() - started))

    async def _keep_scanning(self, grant: Grant, group: asyncio.TaskGroup) -> None:
        while True:
            due = self._clock.monotonic() + self._config.scan.seconds
            requests = list(self._pending_requests)
            self._pending_requests.clear()
            self._wished.clear()
            if delay := await self._attempt(self._scanner.scan(grant, requests, group)):
                self._pending_requests |= dict.fromkeys(requests)
                await pause(self._clock, delay)
            else:
                self._outage.ended()
            await self._clock.wait(self._wished, max(due - self._clock.monotonic(), 0))
