"""Finds answers of services that are too late, by one timer for all requests of a worker.

A timer for each request would cost more than most of the other work for it.
"""

import asyncio
import time
from typing import Protocol

TICK_SECONDS = 1.0
"""Longest time between two looks; it is a quarter of the shortest limit if that is shorter."""


class Timed(Protocol):
    """An answer that is awaited; it is hashable."""

    def check(self, now: float) -> None:
        """Give up if it is late; `now` is in monotonic seconds."""


class AnswerTimeouts:
    """The answers that one worker awaits. `shortest` is the shortest of their limits, in seconds.

    The tick runs only while there are any.
    """

    def __init__(self, shortest: float) -> None:
        self._seconds = min(TICK_SECONDS, shortest / 4)
        self._awaited = set[Timed]()
        self._tick: asyncio.TimerHandle | None = None

    def add(self, answer: Timed) -> None:
        """Begin to look after an answer."""
        self._awaited.add(answer)
        if self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(self._seconds, self._look)

    def discard(self, answer: Timed) -> None:
        """It is there, or nobody awaits it any more."""
        self._awaited.discard(answer)

    def _look(self) -> None:
        self._tick = None
        now = time.monotonic()
        for answer in tuple(self._awaited):
            answer.check(now)
        if self._awaited:
            self._tick = asyncio.get_running_loop().call_later(self._seconds, self._look)
