"""When to send: at once while that is cheap, else joined over a short time. The hub's only timer.

A write costs the same for one frame or twenty, so under load frames wait a little and go together.
How long follows from what sending costs here and now: it may take one part in `PARTS` of a core,
and no frame waits longer than the setting allows.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

PARTS = 8

EARLY = 0.1
"""The last part of a wait that new events cut off. Who reads them just before a send that others
wait for, sends all together; a read at the send's very time would come after it, and what it brings
would wait twice, every time."""

MOST_SAMPLES = 1024
"""How many waits are remembered for whoever reads them; nobody does where nothing is measured."""


class FlushScheduler:
    """Calls `work` when it is due. `most` is the longest wait in seconds; 0: there is none.

    `spent` is this thread's CPU time: being kept waiting by a busy machine is no cost of sending.
    `waits` are the seconds from the first asking until its work was done, one for each round that
    reached anybody: `work` says whether it did.
    """

    def __init__(
        self,
        max_delay: float,
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.thread_time,
    ) -> None:
        self._most, self._clock, self._spent = max_delay, clock, spent
        self._free_at = self._early_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._asked_at: float | None = None
        self.delays: deque[float] = deque(maxlen=MOST_SAMPLES)
        self.on_flush: Callable[[], bool] = lambda: False

    def request(self, *, urgent: bool = False) -> None:
        """There is something to send: now, or with what comes until then if it is not urgent."""
        now = self._clock()
        if self._asked_at is None:
            self._asked_at = now
        if urgent or now >= self._early_at:
            self.flush()
        elif self._timer is None:
            wait = self._free_at - now
            self._timer = asyncio.get_running_loop().call_later(wait, self.flush)

    @property
    def idle_for(self) -> float:
        """Seconds in which nothing new need be read: it would only wait."""
        moment = self._free_at if self._timer is None else self._early_at
        return max(moment - self._clock(), 0.0)

    def flush(self) -> None:
        """Send now whatever waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        before = self._spent()
        reached = self.on_flush()
        cost, ended = self._spent() - before, self._clock()
        wait = min(cost * (PARTS - 1), self._most)
        self._free_at, self._early_at = ended + wait, ended + wait * (1 - EARLY)
        if self._asked_at is not None:
            if reached:
                self.delays.append(ended - self._asked_at)
            self._asked_at = None
