"""`RoutingErrors`: the last failed requests to each service, shared by all workers.

A worker notes its own errors in memory, and writes them to Redis once a second. A request never
waits for that. While Redis does not answer, each worker has only its own errors.
"""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from hero_router.errors import StoreError
from hero_router.singleflight import SharedReads
from hero_router.store.routing_errors import MOST_KEPT, RoutingError, RoutingErrorStore

log = logging.getLogger(__name__)

WRITE_SECONDS = 1.0
FRESH_SECONDS = 1.0
"""However many clients ask for one service's errors, Redis is asked once in this time."""

WAIT_SECONDS = 1.0
"""Longest wait for Redis, for writing and for reading."""

MOST_SERVICES = 200
"""Maximum number of services whose errors a worker keeps; those whose last error is oldest are
dropped."""


Rings = OrderedDict[str, deque[RoutingError]]
"""The last errors of some services by id, the oldest first."""


class RecentErrors(NamedTuple):
    """A service's last errors, newest first; `complete`: of all workers, not only this one."""

    errors: list[RoutingError]
    complete: bool


class RoutingErrors:
    """Keeps the routing errors of one worker, and shares them with other workers by Redis."""

    def __init__(
        self, store: RoutingErrorStore, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._own, self._unwritten = Rings(), Rings()
        self._reads = SharedReads(store.read, FRESH_SECONDS, clock)

    def add(self, service: str, error: RoutingError) -> None:
        """Note an error of a service (by id)."""
        _note(self._own, service, error)
        _note(self._unwritten, service, error)

    async def run(self) -> None:
        """Write the new errors to Redis every second until cancelled."""
        while True:
            await self.write()
            await asyncio.sleep(WRITE_SECONDS)

    async def write(self) -> None:
        """Write the new errors to Redis; if that fails they stay for the next time."""
        waiting, self._unwritten = self._unwritten, Rings()
        if not waiting:
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._store.add({service: tuple(ring) for service, ring in waiting.items()})
        except (StoreError, TimeoutError) as error:
            log.debug("this worker cannot write its routing errors to Redis: %s", error)
            came, self._unwritten = self._unwritten, waiting
            for service, ring in came.items():
                for each in ring:
                    _note(self._unwritten, service, each)

    async def recent(self, service: str, limit: int) -> RecentErrors:
        """A service's last errors on all workers; without Redis those of this worker."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                shared, complete = await self._reads.get(service), True
        except (StoreError, TimeoutError):
            shared, complete = [], False
        # The oldest first: errors of one millisecond then keep the order in which they were noted.
        oldest = (*reversed(shared), *self._own.get(service, ()))
        found = {_identity(each): each for each in oldest}
        newest = sorted(found.values(), key=lambda each: each["at"])[::-1]
        return RecentErrors(newest[:limit], complete)


def _note(rings: Rings, service: str, error: RoutingError) -> None:
    rings.setdefault(service, deque(maxlen=MOST_KEPT)).append(error)
    rings.move_to_end(service)
    if len(rings) > MOST_SERVICES:
        rings.popitem(last=False)


def _identity(error: RoutingError) -> tuple[int, str, str]:
    """What is the same in each copy of one error: a write whose reply was lost is repeated."""
    return error["at"], error["worker"], error["request_id"]
