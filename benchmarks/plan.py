"""What is measured, in which order, and how a limited time is spent on it: one step at a time.

Whatever one step does, the others are measured: what failed, was absent or found no time is kept
and told as such.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from benchmarks.figures import Failure, Figures, keep
from benchmarks.process import Broken

STEP_SECONDS = 180.0
"""No step may take longer."""


@dataclass(frozen=True, slots=True)
class Step:
    """One run of an experiment against one target.

    It is kept in `file`. It runs in so many rounds, if `seconds`, about what it takes, are left.
    """

    file: str
    experiment: str
    target: str
    seconds: float
    run: Callable[[], Awaitable[Figures]]
    rounds: int = 1


class Runner:
    """Runs steps until the time is over; keeps all figures after each."""

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        keep: Callable[[str, Sequence[Figures], Sequence[Failure]], object] = keep,
    ) -> None:
        self._clock, self._keep, self._began = clock, keep, clock()
        self._ends = self._began + seconds
        self._took = dict[Step, float]()
        self.figures = dict[str, list[Figures]]()
        self.failures = dict[str, list[Failure]]()

    async def run(self, steps: Sequence[Step]) -> None:
        """The first round of every step comes before the second of any."""
        for number in range(1, max((step.rounds for step in steps), default=0) + 1):
            for step in steps:
                if number <= step.rounds:
                    await self._turn(step, number)

    async def _turn(self, step: Step, number: int) -> None:
        runs = self.figures.setdefault(step.file, [])
        failures = self.failures.setdefault(step.file, [])
        began = self._clock()
        if began + self._took.get(step, step.seconds) > self._ends:
            if number == 1:
                failures.append(_failure(step, number, "no time was left"))
        else:
            try:
                async with asyncio.timeout(STEP_SECONDS):
                    runs.append(replace(await step.run(), round=number))
            except Exception as error:  # noqa: BLE001 - one target's trouble is not the others'
                failures.append(_failure(step, number, told(error)))
            self._took[step] = self._clock() - began
            print(f"{began - self._began:4.0f} s {self._took[step]:3.0f} s", end=" ")
            print(number, step.file, step.experiment, step.target, flush=True)
        self._keep(step.file, runs, failures)


def _failure(step: Step, number: int, reason: str) -> Failure:
    print(f"failed: {step.experiment} {step.target}: {reason}", file=sys.stderr)
    return Failure(step.experiment, step.target, number, reason)


def told(error: Exception) -> str:
    """An error in one line."""
    if isinstance(error, TimeoutError):
        return f"took longer than {STEP_SECONDS:g} s"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first, last = (lines or [""])[0], (lines or [""])[-1]
    text = first if first == last else f"{first}: {last}"
    return text if isinstance(error, Broken) else f"{type(error).__name__}: {text}"
