"""Decides when the hub sends new events: at once or, under load, in batches after a short delay.

A write costs the same for one frame or twenty, so under load frames wait a little and are sent
together. The delay grows with the CPU time of the last flush, so that sending takes about one part
in `CORE_SHARE` of a core. No frame waits longer than ROUTER_SSE_FLUSH_MS.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

CORE_SHARE = 8

JOIN_SHARE = 0.1
"""Events that arrive in the last 10 % of the delay are flushed at once. The tail wakes up at that
point, so its events join this flush. If it woke up at the flush itself, its events would always
arrive just after the flush and wait for a full delay more."""

MAX_SAMPLES = 1024
"""Maximum number of delays to keep until the metrics take them; without metrics nobody takes
them."""


class FlushScheduler:
    """Calls `on_flush` when a flush is due. `max_delay` is in seconds; 0: flush always at once.

    `on_flush` returns whether the flush reached any subscriber. `delays` are the seconds from the
    first request to the end of its flush, for flushes that reached one. `cpu_time` gives this
    thread's CPU time: waiting for a busy machine is no cost of sending.
    """

    def __init__(
        self,
        max_delay: float,
        clock: Callable[[], float] = time.monotonic,
        cpu_time: Callable[[], float] = time.thread_time,
    ) -> None:
        self._max_delay, self._clock, self._cpu_time = max_delay, clock, cpu_time
        self._due_at = self._join_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._requested_at: float | None = None
        self.delays: deque[float] = deque(maxlen=MAX_SAMPLES)
        self.on_flush: Callable[[], bool] = lambda: False

    def request(self, *, urgent: bool = False) -> None:
        """Request a flush of new events: now if urgent, else when the delay has passed."""
        now = self._clock()
        if self._requested_at is None:
            self._requested_at = now
        if urgent or now >= self._join_at:
            self.flush()
        elif self._timer is None:
            delay = self._due_at - now
            self._timer = asyncio.get_running_loop().call_later(delay, self.flush)

    @property
    def idle_for(self) -> float:
        """Seconds for which the tail may sleep: an event read earlier would wait for the flush."""
        moment = self._due_at if self._timer is None else self._join_at
        return max(moment - self._clock(), 0.0)

    def flush(self) -> None:
        """Send all waiting events now, and compute the delay before the next flush."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        before = self._cpu_time()
        reached = self.on_flush()
        cost, ended = self._cpu_time() - before, self._clock()
        delay = min(cost * (CORE_SHARE - 1), self._max_delay)
        self._due_at, self._join_at = ended + delay, ended + delay * (1 - JOIN_SHARE)
        if self._requested_at is not None:
            if reached:
                self.delays.append(ended - self._requested_at)
            self._requested_at = None
