"""Checks that the tail, the task that follows the stream, is connected to the right Redis.

A failover may leave the tail on an old primary that still runs, and a connection may hang. So a
second connection, which is renewed every few seconds, reads the newest position of the stream. If
the tail does not reach that position, the tail connects anew.
"""

import time
from collections.abc import Callable

from hero_router.feed.conditions import STREAM, Conditions
from hero_router.feed.ring import Ring
from hero_router.feed.stream_divergence import Divergence, StreamHead
from hero_router.feed.tail import RUN_ID_DIGITS, Tail
from hero_router.store.stream_reader import NodeReader

RENEW_SECONDS = 3.0
"""After this time the second connection is closed: the next one looks up the primary again. So a
difference is reported within `RENEW_SECONDS`, `LASTING_SECONDS` and one check: seven seconds."""


class TailWatchdog:
    """Compares the streams of two connections; a lasting difference restarts the tail.

    It also sets a condition. `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        nodes: NodeReader,
        ring: Ring,
        tail: Tail,
        conditions: Conditions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nodes, self._ring, self._tail, self._conditions = nodes, ring, tail, conditions
        self._clock, self._renewed_at = clock, clock()
        self._divergence = Divergence()

    async def check(self) -> None:
        """Compare the two streams once. Raises StoreError."""
        if not self._tail.following:  # the tail reports that itself
            self._divergence.forget()
            return
        found = await self._nodes.stream_status()
        now = self._clock()
        served = StreamHead(self._ring.run_id, self._ring.head)
        other = StreamHead(found.run_id[:RUN_ID_DIGITS], found.head)
        if self._divergence.observe(served, other, now):
            self._conditions.clear(STREAM)
        elif trouble := self._divergence.trouble:
            self._conditions.set(STREAM, None, trouble)
            self._tail.restart()
            self._divergence.forget()
            self._renewed_at = now - RENEW_SECONDS
        if now - self._renewed_at >= RENEW_SECONDS:
            self._renewed_at = now
            await self._nodes.reconnect()
