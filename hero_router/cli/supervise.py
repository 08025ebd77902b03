"""Supervises child processes: starts them in order, restarts those that end, stops all."""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hero_router.backoff import Backoff
from hero_router.errors import RouterError

log = logging.getLogger(__name__)

READY_SECONDS = 30.0
READY_POLL_SECONDS = 0.1
BACKOFF_FIRST, BACKOFF_MOST = 0.5, 15.0
"""Seconds before a restart, at first and at most."""

STOP_SECONDS = 3.0
LAST_STOP_SECONDS = 1.0
"""Time that a child has to end before it is killed; the second is for children that are `last`.
After Ctrl-C all ends within both times together, unless a child has longer `stop_seconds`."""

GROUP_POLL_SECONDS, GROUP_POLLS = 0.01, 100
"""How often, and how many times at most, to look whether a child's killed processes are gone."""

CANNOT_RUN = 2
"""Exit code of a child that can never run with its settings: a restart would not help."""


class ChildFailed(RouterError):
    """A child process could not be started, or its settings do not let it run."""

    code = "child_failed"


@dataclass(frozen=True, slots=True)
class Child:
    """A child process to run.

    `is_ready` checks whether the child works. A child that is `last` is ended after all others.
    `stop_seconds` is the time that the child has to end before it is killed. `log` is the child's
    log file, if it does not log to stderr.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    is_ready: Callable[[], Awaitable[bool]]
    last: bool = False
    stop_seconds: float = STOP_SECONDS
    log: Path | None = None

    def reason(self) -> str:
        """The last line of the child's log file, if any."""
        if self.log is None or not self.log.is_file():
            return ""
        lines = self.log.read_text("utf-8", "replace").strip().splitlines() or [""]
        return f": {lines[-1]} (see {self.log})"


@dataclass(slots=True)
class Supervisor:
    """Starts, restarts and ends child processes."""

    children: Sequence[Child]
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def run(
        self, on_started: Callable[[], Awaitable[None]], stop: asyncio.Event, hurry: asyncio.Event
    ) -> None:
        """Start all children, restart a child that ends, and end all when `stop` is set.

        `on_started` is run when all children have started. If `hurry` is set, children are killed
        at once, except those that are `last`.

        Raises:
            ChildFailed: a child did not start, or its exit code says that it can never run.
        """
        work = asyncio.create_task(self._work(on_started), name="work")
        stopped = asyncio.create_task(stop.wait(), name="stop")
        try:
            # A start may take long: a stop must not wait for its end.
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            await _cancel(work, stopped)
            await self._end(hurry)

    async def _work(self, on_started: Callable[[], Awaitable[None]]) -> None:
        for child in self.children:
            await self._start(child)
        started = asyncio.ensure_future(on_started())
        tasks = [asyncio.create_task(self._keep(child), name=child.name) for child in self.children]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _cancel(started, *tasks)

    async def _keep(self, child: Child) -> None:
        """Restart one child each time that it ends. Never returns; raises ChildFailed."""
        backoff = Backoff(BACKOFF_FIRST, BACKOFF_MOST)
        while True:
            process = self._running[child.name]
            code = await process.wait()
            if code == CANNOT_RUN:
                raise ChildFailed(f"{child.name} cannot run with these settings")
            pause = backoff.failed()
            log.error(
                "the process %s ended by itself (%s): it is started again in %.2g s",
                child.name,
                _cause(code),
                pause,
            )
            # Processes started by the child may still hold its port: end them, then kill them.
            _signal_group(process, signal.SIGTERM)
            await asyncio.sleep(pause)
            await _kill_group(process)
            try:
                await self._start(child)
                backoff.reset()
            except ChildFailed as error:
                log.error("the process %s could not be started again: %s", child.name, error)

    async def _start(self, child: Child) -> None:
        process = await asyncio.create_subprocess_exec(
            *child.command,
            env={**os.environ, **child.environment},
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self._running[child.name] = process
        deadline = time.monotonic() + READY_SECONDS
        while not await child.is_ready():
            if process.returncode is not None:
                cause = _cause(process.returncode)
                raise ChildFailed(f"{child.name} did not start ({cause}){child.reason()}")
            if time.monotonic() > deadline:
                process.kill()
                raise ChildFailed(f"{child.name} was not ready within {READY_SECONDS:g} s")
            await asyncio.sleep(READY_POLL_SECONDS)

    async def _end(self, hurry: asyncio.Event) -> None:
        """End all children; those that are `last` after the others."""
        for last in (False, True):
            some = [child for child in self.children if child.last is last]
            await asyncio.gather(*(self._end_one(child, hurry) for child in some))

    async def _end_one(self, child: Child, hurry: asyncio.Event) -> None:
        if (process := self._running.get(child.name)) is None:
            return
        # Only the child itself is asked to end: it ends the processes that it has started.
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        ended, hurried = asyncio.create_task(process.wait()), asyncio.create_task(hurry.wait())
        either = {ended} if child.last else {ended, hurried}
        await asyncio.wait(either, timeout=child.stop_seconds, return_when=asyncio.FIRST_COMPLETED)
        # The whole group is killed, so that no worker outlives its master.
        _signal_group(process, signal.SIGKILL)
        await ended
        await _cancel(hurried)


async def _cancel(*tasks: "asyncio.Future[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> bool:
    """Send a signal to a child and to all processes that it has started; False: none is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
        return True
    return False


async def _kill_group(process: asyncio.subprocess.Process) -> None:
    """Kill what a child has left, and wait until it is gone: a kill takes effect a little later.

    The wait is bounded: where no init process reaps orphans, a killed process stays as a zombie,
    which holds no port.
    """
    for _ in range(GROUP_POLLS):
        if not _signal_group(process, signal.SIGKILL):
            return
        await asyncio.sleep(GROUP_POLL_SECONDS)


def _die_with_parent() -> None:
    """Make the kernel end this child if `hero_router serve` is killed; runs in the child."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def _cause(code: int) -> str:
    """An exit code in words: a number, or the signal that killed the process."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
