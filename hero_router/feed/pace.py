"""When to send: at once while that is cheap, else joined over a short time. The hub's only timer.

A write costs the same for one frame or twenty, so under load frames wait a little and go together.
How long follows from what sending costs here and now: it may take one part in `PARTS` of the
worker's time, and no frame waits longer than the setting allows.
"""

import asyncio
import time
from collections.abc import Callable

PARTS = 8


class Pace:
    """Calls `work` when it is due. `most` is the longest wait in seconds; 0: there is none."""

    def __init__(self, most: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        self._free_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.work: Callable[[], None] = lambda: None

    def ask(self) -> None:
        """There is something to send: now, or with what comes until then."""
        if self._timer is not None:
            return
        wait = self._free_at - self._clock()
        if wait <= 0:
            self.send()
        else:
            self._timer = asyncio.get_running_loop().call_later(wait, self.send)

    def send(self) -> None:
        """Send now whatever waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        started = self._clock()
        self.work()
        ended = self._clock()
        self._free_at = ended + min((ended - started) * (PARTS - 1), self._most)
