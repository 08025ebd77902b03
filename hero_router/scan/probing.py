"""The probes under way: which sockets are due, a bounded number of them at a time."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from hero_router.scan import interval
from hero_router.scan.interfaces import Probe
from hero_router.scan.result import ProbeResult
from hero_router.scan.sockets import SocketFile
from hero_router.scan.status import TrackedSocket, documents_due, is_new
from hero_router.settings.config import RouterConfig
from hero_router.upstream.connect import listens
from hero_router.upstream.outcome import Outcome

log = logging.getLogger(__name__)

BATCH = 64
"""Sockets that are looked at before others get their turn."""
FAST_SHARE = 8
"""One probe in so many is kept for new sockets, which else would queue behind hanging ones."""


class Probes:
    """Probes sockets, none twice at the same time, and calls `note` with what was seen of each.

    `memory_of` gives what is remembered of a socket at that moment.
    """

    def __init__(
        self,
        config: RouterConfig,
        probe: Probe,
        memory_of: Callable[[SocketFile], TrackedSocket | None],
        note: Callable[[SocketFile, ProbeResult], None],
    ) -> None:
        self._probe, self._memory_of, self._note = probe, memory_of, note
        self._scan_seconds = config.scan.seconds
        self._tasks: dict[SocketFile, asyncio.Task[None]] = {}
        reserve = config.scan.probe_concurrency // FAST_SHARE
        self._slots = asyncio.Semaphore(config.scan.probe_concurrency - reserve)
        self._fast_slots = asyncio.Semaphore(reserve) if reserve else self._slots

    def forget(self) -> None:
        """Begin anew: the tasks of before are gone."""
        self._tasks.clear()

    async def start_new(
        self, sockets: Iterable[SocketFile], group: asyncio.TaskGroup
    ) -> set[asyncio.Task[None]]:
        """Probe those that are new; returns all probes of `sockets` that are under way."""
        return await self._start(sockets, group, lambda _: False)

    async def start_all(
        self, sockets: Iterable[SocketFile], group: asyncio.TaskGroup
    ) -> set[asyncio.Task[None]]:
        """Probe all of them; returns their probes."""
        return await self._start(sockets, group, lambda _: True)

    async def start_due(
        self, sockets: Iterable[SocketFile], group: asyncio.TaskGroup, scan: int
    ) -> set[asyncio.Task[None]]:
        """Probe those whose turn it is in this scan; returns the probes that are under way."""
        return await self._start(sockets, group, lambda found: not self._rests(found, scan))

    def _rests(self, found: SocketFile, scan: int) -> bool:
        """Whether it is not this socket's turn, and somebody still listens on it."""
        before = self._memory_of(found)
        if before is None or not interval.rests(found.raw, before.well, scan, self._scan_seconds):
            return False
        return listens(found.address)

    async def _start(
        self,
        sockets: Iterable[SocketFile],
        group: asyncio.TaskGroup,
        is_due: Callable[[SocketFile], bool],
    ) -> set[asyncio.Task[None]]:
        started = set()
        for count, found in enumerate(list(sockets)):
            if count % BATCH == 0:
                await asyncio.sleep(0)
            if found not in self._tasks:
                due = is_due(found)
                if due or is_new(found, self._memory_of(found)):
                    slots = self._slots if due else self._fast_slots
                    self._tasks[found] = group.create_task(self._examine(found, slots))
            if found in self._tasks:
                started.add(self._tasks[found])
        return started

    async def _examine(self, found: SocketFile, slots: asyncio.Semaphore) -> None:
        try:
            async with slots:
                seen = await self._probe_safely(found)
        finally:
            self._tasks.pop(found, None)
        self._note(found, seen)

    async def _probe_safely(self, found: SocketFile) -> ProbeResult:
        asked = documents_due(found, self._memory_of(found))
        try:
            return await self._probe(found, ask_documents=asked)
        except Exception:
            log.exception("probing %s failed by a fault of the scanner", found.path)
            return ProbeResult(Outcome.UNSEEN, "a probe failed by a fault of the scanner")
