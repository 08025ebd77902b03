"""Runs the steps of experiments within a limited time, and keeps their runs and failures.

A step that fails, has no server to measure or finds no time is kept as a failure with its reason;
the other steps still run.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.load.process import Broken
from benchmarks.results.runs import Failure, Run, keep

STEP_SECONDS = 180.0
"""No step may take longer, unless the runner says so."""


@dataclass(frozen=True, slots=True)
class Step:
    """One run of an experiment against one server, kept in `file`.

    It runs in several rounds, as long as `seconds`, about what it takes, are left.
    """

    file: str
    experiment: str
    target: str
    seconds: float
    run: Callable[[], Awaitable[Run]]
    rounds: int = 1


class Runner:
    """Runs steps until the time is over.

    It keeps all runs of a file after each step, and says when they are done.
    """

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        keep: Callable[[str, Sequence[Run], Sequence[Failure], bool], object] = keep,
        step_seconds: float = STEP_SECONDS,
    ) -> None:
        self._clock, self._keep, self._began = clock, keep, clock()
        self._step_seconds = step_seconds
        self._ends = self._began + seconds
        self._took = dict[Step, float]()
        self.runs = dict[str, list[Run]]()
        self.failures = dict[str, list[Failure]]()

    async def run(self, steps: Sequence[Step]) -> None:
        """The first round of every step comes before the second of any."""
        for number in range(1, max((step.rounds for step in steps), default=0) + 1):
            for step in steps:
                if number <= step.rounds:
                    await self._turn(step, number)
        for file, runs in self.runs.items():
            self._keep(file, runs, self.failures[file], True)

    async def _turn(self, step: Step, number: int) -> None:
        runs = self.runs.setdefault(step.file, [])
        failures = self.failures.setdefault(step.file, [])
        began = self._clock()
        if began + self._took.get(step, step.seconds) > self._ends:
            if number == 1:
                failures.append(_failure(step, number, "no time was left"))
        else:
            try:
                async with asyncio.timeout(self._step_seconds):
                    runs.append(replace(await step.run(), round=number))
            except TimeoutError:
                why = f"took longer than {self._step_seconds:g} s"
                failures.append(_failure(step, number, why))
            except Exception as error:  # noqa: BLE001 - the other steps still run
                failures.append(_failure(step, number, reason(error)))
            self._took[step] = self._clock() - began
            print(f"{began - self._began:4.0f} s {self._took[step]:3.0f} s", end=" ")
            print(number, step.file, step.experiment, step.target, flush=True)
        self._keep(step.file, runs, failures, False)


def _failure(step: Step, number: int, why: str) -> Failure:
    print(f"failed: {step.experiment} {step.target}: {why}", file=sys.stderr)
    return Failure(step.experiment, step.target, number, why)


def reason(error: Exception) -> str:
    """An error in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first, last = (lines or [""])[0], (lines or [""])[-1]
    text = first if first == last else f"{first}: {last}"
    return text if isinstance(error, Broken) else f"{type(error).__name__}: {text}"


def interruptible(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; SIGTERM and Ctrl-C end all children first. Raises SystemExit for these."""

    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await work

    try:
        asyncio.run(run())
    except (asyncio.CancelledError, KeyboardInterrupt):
        raise SystemExit("interrupted; the runs until then are in *.unfinished.json") from None
