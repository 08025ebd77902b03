"""The deployment under test: two scanners, two web instances, Redis and HAProxy, as processes.

What is killed is started again after a while, as a container with `restart: unless-stopped`.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from hero_router.position import Position
from tests.deploy.processes import Process
from tests.deploy.topology import Topology
from tests.soak.aof import ONE_FILE, cut_off, mend
from tests.soak.bounds import SCAN_SECONDS, Trouble
from tests.soak.detour import Detour
from tests.soak.truth import Event
from tests.support.scrape import Scrape
from tests.support.wait import eventually

WINDOW = 256
"""Small, so that bursts and absences often go beyond it."""

SETTINGS = {
    "ROUTER_SSE_BUFFER": str(WINDOW),
    "ROUTER_PING_SECONDS": "2",
    "ROUTER_SSE_STALL_SECONDS": "2",
    "ROUTER_SCAN_SECONDS": str(SCAN_SECONDS),
    "ROUTER_LEASE_SECONDS": "2",
}

WORKERS = 2
"""Of each instance, as the compose file says."""

DEBUG = ("--enable-debug-command", "local", "--protected-mode", "no")
"""Redis's options with which its data can be rolled back, and with which it answers at a detour's
address, which it does not take for its own machine's."""

DETOURED = "web-1"
"""The instance whose connections to Redis can be led elsewhere."""

TURN_SECONDS = 180.0
MOST_WAITING = 3
"""Acts that wait for their turn: each may take half a minute. One more is left out and counted."""
ANSWER = aiohttp.ClientTimeout(total=5)


class World:
    """Names the processes and does to them what happens to processes."""

    def __init__(self, folder: Path) -> None:
        self.topology = Topology(folder, SETTINGS, (*ONE_FILE, *DEBUG))
        self.detour = Detour(self.topology.redis_port)
        self.topology.detours[DETOURED] = self.detour.port
        self._busy: set[str] = set()
        self._waiting = 0
        self.scanners: Sequence[str] = ()
        self.cut_off: list[Event] = []
        self.deleted: set[Position] = set()
        self.troubles: list[Trouble] = []

    async def start(self) -> None:
        """Start everything and wait for its health."""
        self.detour.start()
        await self.topology.start()
        self.scanners = ("scanner", await self.topology.add_scanner())

    def close(self) -> None:
        """End everything."""
        self.topology.close()
        self.detour.close()

    @property
    def redis_folder(self) -> Path:
        """Where Redis keeps its data."""
        return self.topology.folder / "redis"

    def free(self, names: Sequence[str]) -> list[str]:
        """Those to which nothing happens now."""
        return [name for name in names if name not in self._busy and self._process(name).alive]

    def workers(self) -> list[int]:
        """The gunicorn workers of all instances, by process id."""
        return [
            child.pid
            for name in self.free(self.topology.instances)
            for child in _children(self._process(name).pid)
        ]

    async def end(self, name: str, number: signal.Signals, seconds: float) -> None:
        """Signal a process; once it has ended, start it again after so long."""
        async with self._occupied(name):
            process = self._process(name)
            if number == signal.SIGKILL:
                process.kill()
            else:
                process.send(number)
            await eventually(lambda: not process.alive, message=f"{name} ends")
            await asyncio.sleep(seconds)
            await self.topology.restart(name)

    async def kill_redis(self, seconds: float, lost: int = 0) -> None:
        """Kill Redis, and start it again after so long. Where its machine lost power so many bytes
        that were written last, and acknowledged, are not on the disk."""
        async with self._alone("redis"):
            self._process("redis").kill()
            mend(self.redis_folder)
            if lost:
                self.cut_off += cut_off(self.redis_folder, lost)
            await asyncio.sleep(seconds)
            await self.topology.restart("redis")
            await self.topology.healthy("redis")  # or the next hand would find nobody

    async def undisturbed(self, work: Callable[[], Coroutine[Any, Any, None]], *names: str) -> None:
        """Do something while nothing else happens to these."""
        async with self._alone(*names):
            await work()

    async def pause(self, name: str, seconds: float) -> None:
        """Stop a process for so long, as when its machine hangs."""
        async with self._occupied(name):
            await pause(self._process(name).pid, seconds)

    @asynccontextmanager
    async def _occupied(self, *names: str) -> AsyncIterator[None]:
        self._busy.update(names)
        try:
            yield
        finally:
            self._busy.difference_update(names)

    @asynccontextmanager
    async def _alone(self, *names: str) -> AsyncIterator[None]:
        """Wait for one's turn: what is left out whenever something else happens may never come."""
        turn = f"nothing else happens to {names}"
        self._waiting += 1
        try:
            await eventually(lambda: len(self.free(names)) == len(names), TURN_SECONDS, turn)
        finally:
            self._waiting -= 1
        async with self._occupied(*names):
            yield

    @property
    def crowded(self) -> bool:
        """Whether so many wait for their turn that one more might never have it."""
        return self._waiting >= MOST_WAITING

    def _process(self, name: str) -> Process:
        return self.topology.running[name]

    async def scrape(self, instance: str) -> Scrape | None:
        """An instance's `/metrics`; None where it does not answer."""
        url = f"{self.topology.address(instance)}/metrics"
        try:
            async with (
                aiohttp.ClientSession(timeout=ANSWER) as session,
                session.get(url) as answer,
            ):
                return Scrape(await answer.text()) if answer.status == 200 else None
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            return None


async def pause(pid: int, seconds: float) -> None:
    """Stop one process for so long."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)


def _children(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return psutil.Process(pid).children()
    return []
