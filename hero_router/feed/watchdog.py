"""Sees to it that the tail follows the Redis that serves now, however alive its connection looks.

A failover may leave the tail on a living old primary, and a connection may hang with nobody at its
end. So a second connection, which is made anew now and then, looks where the stream stands.
"""

import logging
import time
from collections.abc import Callable

from hero_router.feed.divergence import Divergence, StreamHead
from hero_router.feed.doubts import STREAM, Conditions
from hero_router.feed.ring import Ring
from hero_router.feed.tail import STORE_DIGITS, Tail
from hero_router.store.stream import NodeReader

log = logging.getLogger(__name__)

RENEW_SECONDS = 3.0
"""After this long the second connection is closed: the next one asks anew where the primary is. A
difference is thus told within `RENEW_SECONDS`, `LASTING_SECONDS` and one look: seven seconds."""


class TailWatchdog:
    """Compares, doubts, and has the tail start anew. `clock` is monotonic seconds."""

    def __init__(
        self,
        nodes: NodeReader,
        ring: Ring,
        tail: Tail,
        doubts: Conditions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nodes, self._ring, self._tail, self._doubts = nodes, ring, tail, doubts
        self._clock, self._renewed_at = clock, clock()
        self._agreement = Divergence()

    async def check(self) -> None:
        """Compare once. Raises StoreError."""
        if not self._tail.following:  # it tells of that itself
            self._agreement.forget()
            return
        seen = await self._nodes.stream_status()
        now = self._clock()
        served = StreamHead(self._ring.run_id, self._ring.head)
        if self._agreement.observe(served, StreamHead(seen.run_id[:STORE_DIGITS], seen.head), now):
            self._doubts.clear(STREAM)
        elif trouble := self._agreement.trouble:
            self._doubts.set(STREAM, None, trouble)
            self._tail.restart()
            self._agreement.forget()
            self._renewed_at = now - RENEW_SECONDS
        if now - self._renewed_at >= RENEW_SECONDS:
            self._renewed_at = now
            await self._nodes.reconnect()
