"""Child processes: started in order, restarted when they die, all ended together, for `serve`."""

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

from hero_router.errors import RouterError

log = logging.getLogger(__name__)

READY_SECONDS = 30.0
READY_POLL_SECONDS = 0.1
BACKOFF_FIRST, BACKOFF_MOST = 0.5, 15.0
"""Seconds before a child is started again: doubled with each death, reset once it was ready."""

STOP_SECONDS = 3.0
LAST_STOP_SECONDS = 1.0
"""How long a child, or one that is `last`, may take to end before it is killed, if it says no more;
whoever presses Ctrl-C need not wait longer than the two together."""

CANNOT_RUN = 2
"""Exit code of a child that can never run with its settings: no use in starting it again."""


class ChildFailed(RouterError):
    """A child could not be started; the whole cannot run without it."""

    code = "child_failed"


@dataclass(frozen=True, slots=True)
class Child:
    """One process to run.

    `ready` asks whether it works; `last` ends it only after the others, and `patience` is how many
    seconds it has for its end; `log` is the file in which it tells why it fails, where that is not
    our own stderr.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], Awaitable[bool]]
    last: bool = False
    patience: float = STOP_SECONDS
    log: Path | None = None

    def reason(self) -> str:
        """The last thing that its log file says, if it has one."""
        if self.log is None or not self.log.is_file():
            return ""
        lines = self.log.read_text("utf-8", "replace").strip().splitlines() or [""]
        return f": {lines[-1]} (see {self.log})"


@dataclass(slots=True)
class Supervisor:
    """Runs children until it is told to stop."""

    children: Sequence[Child]
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def run(
        self, on_ready: Callable[[], Awaitable[None]], stop: asyncio.Event, hurry: asyncio.Event
    ) -> None:
        """Start all in order, run `on_ready`, keep all alive until `stop` is set, then end them.

        Once `hurry` is set, only those marked `last` are still given their time.

        Raises:
            ChildFailed: a child did not start, or says that it never can.
        """
        work = asyncio.create_task(self._work(on_ready), name="work")
        stopped = asyncio.create_task(stop.wait(), name="stop")
        try:
            # A start may take long: who wants to stop then must not have to wait for its end.
            await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            await _cancel(work, stopped)
            await self._end(hurry)

    async def _work(self, on_ready: Callable[[], Awaitable[None]]) -> None:
        for child in self.children:
            await self._start(child)
        telling = asyncio.ensure_future(on_ready())
        tasks = [asyncio.create_task(self._tend(child), name=child.name) for child in self.children]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _cancel(telling, *tasks)

    async def _tend(self, child: Child) -> None:
        """Start one child again whenever it dies. Ends only with ChildFailed."""
        pause = BACKOFF_FIRST
        while True:
            process = self._running[child.name]
            code = await process.wait()
            if code == CANNOT_RUN:
                raise ChildFailed(f"{child.name} cannot run with these settings")
            log.error("%s ended (%s), starting it again in %gs", child.name, _cause(code), pause)
            # What it had started itself may still hold its port: first asked to end, then made to.
            _signal_group(process, signal.SIGTERM)
            await asyncio.sleep(pause)
            _signal_group(process, signal.SIGKILL)
            try:
                await self._start(child)
                pause = BACKOFF_FIRST
            except ChildFailed as error:
                log.error("%s", error)
                pause = min(pause * 2, BACKOFF_MOST)

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
        while not await child.ready():
            if process.returncode is not None:
                cause = _cause(process.returncode)
                raise ChildFailed(f"{child.name} did not start ({cause}){child.reason()}")
            if time.monotonic() > deadline:
                process.kill()
                raise ChildFailed(f"{child.name} was not ready within {READY_SECONDS:g}s")
            await asyncio.sleep(READY_POLL_SECONDS)

    async def _end(self, hurry: asyncio.Event) -> None:
        """End everything, those marked `last` after the others, the stubborn by force."""
        for last in (False, True):
            some = [child for child in self.children if child.last is last]
            await asyncio.gather(*(self._end_one(child, hurry) for child in some))

    async def _end_one(self, child: Child, hurry: asyncio.Event) -> None:
        if (process := self._running.get(child.name)) is None:
            return
        # The child alone, which knows how to end what it started.
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        ended, hurried = asyncio.create_task(process.wait()), asyncio.create_task(hurry.wait())
        ways = {ended} if child.last else {ended, hurried}
        await asyncio.wait(ways, timeout=child.patience, return_when=asyncio.FIRST_COMPLETED)
        # The group, so that no worker outlives a master that had to be killed.
        _signal_group(process, signal.SIGKILL)
        await ended
        await _cancel(hurried)


async def _cancel(*tasks: "asyncio.Future[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """Signal the child, which leads a session of its own, and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _die_with_parent() -> None:
    """In the child, before it runs: be ended by the kernel if `serve` itself is killed."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def _cause(code: int) -> str:
    """What an exit code says: a number, or the signal that killed the process."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
