"""Checks that the tail (the task that follows the stream) is connected to the right Redis.

A failover may leave the tail on an old primary that still runs, and a connection may hang. So a
second connection, which is renewed every few seconds, reads the newest position of the stream. If
the tail does not reach that position, the tail connects anew. It does so too if Redis has lost
events that the tail has read: a reading that goes on would not show it.
"""

import time
from collections.abc import Callable, Mapping

from hero_router.feed.conditions import STREAM, Conditions
from hero_router.feed.ring import Ring
from hero_router.feed.same_stream_check import SameStreamCheck, StreamHead
from hero_router.feed.tail import RUN_ID_DIGITS, Tail
from hero_router.position import ORIGIN, Position
from hero_router.store.stream_reader import NodeReader

RENEW_SECONDS = 3.0
"""After this time the second connection is closed: the next one looks up the primary again. So a
difference is reported within `RENEW_SECONDS`, `LASTING_SECONDS` and one check: seven seconds."""


MOST_COMPARED = 64
"""Maximum number of events whose times one check compares. The next check begins with the last one
of them, so none is left out however many come, and while none comes a check compares one."""


class TailPrimaryCheck:
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
        self._comparison = SameStreamCheck()
        self._rolled_back: StreamHead | None = None
        self._compared = ORIGIN

    async def check(self) -> None:
        """Compare the two streams once. Raises StoreError."""
        if not self._tail.following:  # the tail reports that itself
            self._comparison.forget()
            return
        asked = StreamHead(self._ring.run_id, self._ring.head)
        first = min(max(self._compared, self._ring.start), self._ring.head)
        found = await self._nodes.stream_status(first, MOST_COMPARED)
        now = self._clock()
        served = StreamHead(self._ring.run_id, self._ring.head)
        other = StreamHead(found.run_id[:RUN_ID_DIGITS], found.head)
        if self._has_lost_events(asked, served, other, found.times):
            self._tail.restart()
        self._compared = max((at for at in found.times if at <= asked.head), default=first)
        if self._comparison.observe(served, other, now):
            self._conditions.clear(STREAM)
        elif trouble := self._comparison.trouble:
            self._conditions.set(STREAM, None, trouble)
            self._tail.restart()
            self._comparison.forget()
            self._renewed_at = now - RENEW_SECONDS
        if now - self._renewed_at >= RENEW_SECONDS:
            self._renewed_at = now
            await self._nodes.reconnect()

    def _has_lost_events(
        self,
        asked: StreamHead,
        served: StreamHead,
        other: StreamHead,
        times: Mapping[Position, int],
    ) -> bool:
        """Whether the tail's own Redis process has lost events that the tail had read.

        `asked` is what the tail served before the question, `served` after it. True once until the
        tail has loaded: a load that takes longer than the time between two checks is not begun
        anew.
        """
        if not asked.run_id == served.run_id == other.run_id or served == self._rolled_back:
            return False
        lost = ORIGIN < other.head < asked.head or self._ring.contradicts(times)
        self._rolled_back = served if lost else None
        return lost
