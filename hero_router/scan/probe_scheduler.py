"""Runs the probes: selects the sockets that are due, and limits the probes at the same time."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from hero_router.scan import probe_interval
from hero_router.scan.dependency_protocols import Probe
from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.tracked_state import TrackedSocket, documents_due, is_new
from hero_router.scan.walk import SocketFile
from hero_router.settings.config import RouterConfig
from hero_router.upstream.listener_detection import Listeners
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.safe_connect import listens

log = logging.getLogger(__name__)

BATCH = 64
"""Sockets that are checked before other tasks run."""
FAST_SHARE = 8
"""One in this many probe slots is reserved for new sockets, which hanging sockets would delay."""

Tasks = set[asyncio.Task[None]]


class ProbeScheduler:
    """Probes sockets, none twice at the same time, and passes results to `on_result`.

    `tracked` returns the tracked state of a socket.
    """

    def __init__(
        self,
        config: RouterConfig,
        probe: Probe,
        tracked: Callable[[SocketFile], TrackedSocket | None],
        on_result: Callable[[SocketFile, ProbeResult], None],
    ) -> None:
        self._probe, self._tracked, self._on_result = probe, tracked, on_result
        self._scan_seconds = config.scan.seconds
        self._tasks: dict[SocketFile, asyncio.Task[None]] = {}
        reserve = config.scan.probe_concurrency // FAST_SHARE
        self._slots = asyncio.Semaphore(config.scan.probe_concurrency - reserve)
        self._fast_slots = asyncio.Semaphore(reserve) if reserve else self._slots

    def reset(self) -> None:
        """Forget the probes of an earlier grant, whose tasks were cancelled."""
        self._tasks.clear()

    async def start_new(self, files: Iterable[SocketFile], group: asyncio.TaskGroup) -> Tasks:
        """Probe the sockets that are new; returns all running probes of `files`."""
        return await self._start(files, group, lambda _: False)

    async def start_all(self, files: Iterable[SocketFile], group: asyncio.TaskGroup) -> Tasks:
        """Probe all sockets; returns their probes."""
        return await self._start(files, group, lambda _: True)

    async def start_due(
        self, files: Iterable[SocketFile], group: asyncio.TaskGroup, scan: int
    ) -> Tasks:
        """Probe the sockets that are due in this scan; returns all running probes of `files`."""
        listeners = await asyncio.to_thread(Listeners.read)
        return await self._start(files, group, lambda file: not self._rests(file, scan, listeners))

    def _rests(self, file: SocketFile, scan: int, listeners: Listeners) -> bool:
        """Whether the socket is not due in this scan, and still has a listener.

        The scanner connects to the socket only if the kernel does not list its listener.
        """
        before = self._tracked(file)
        if before is None:
            return False
        if not probe_interval.rests(file.raw, before.calm_probes, scan, self._scan_seconds):
            return False
        return file.address in listeners or listens(file.address)

    async def _start(
        self,
        files: Iterable[SocketFile],
        group: asyncio.TaskGroup,
        is_due: Callable[[SocketFile], bool],
    ) -> Tasks:
        running = set()
        for count, file in enumerate(list(files)):
            if count % BATCH == 0:
                await asyncio.sleep(0)
            if file not in self._tasks:
                due = is_due(file)
                if due or is_new(file, self._tracked(file)):
                    slots = self._slots if due else self._fast_slots
                    self._tasks[file] = group.create_task(self._run(file, slots))
            if file in self._tasks:
                running.add(self._tasks[file])
        return running

    async def _run(self, file: SocketFile, slots: asyncio.Semaphore) -> None:
        try:
            async with slots:
                result = await self._probe_safely(file)
        finally:
            self._tasks.pop(file, None)
        self._on_result(file, result)

    async def _probe_safely(self, file: SocketFile) -> ProbeResult:
        due = documents_due(file, self._tracked(file))
        try:
            return await self._probe(file, ask_documents=due)
        except Exception:
            log.exception("bug in the scanner: it could not probe the socket %s", file.path)
            return ProbeResult(Outcome.UNSEEN, "a bug in the scanner made the probe fail")
