"""Writes the history of a node's services once a minute, in a task that delays no scan.

If a write fails, the minute is written later. That is logged once and told in the node report; a
minute that cannot be written for long stays unknown in the history.
"""

from collections.abc import Callable

from hero_router.errors import Fenced, StoreError
from hero_router.history.rings import MINUTE_MS, minute_of
from hero_router.scan.dependency_protocols import (
    Clock,
    HistoryProtocol,
    LeaseProtocol,
    RegistryProtocol,
    pause,
)
from hero_router.scan.minute_recorder import MinuteRecorder
from hero_router.store.history import Minute
from hero_router.store.lease import Grant
from hero_router.store.outage import Outage

MOST_PENDING = 10
"""Most minutes that wait to be written; older ones are dropped."""


class HistoryWriter:
    """Closes each minute, and writes it while this scanner holds the lease.

    `is_watching` says whether the scanner has looked at all sockets lately.
    """

    def __init__(
        self,
        history: HistoryProtocol,
        recorder: MinuteRecorder,
        registry: RegistryProtocol,
        lease: LeaseProtocol,
        clock: Clock,
        is_watching: Callable[[], bool],
    ) -> None:
        self._history, self._recorder, self._registry = history, recorder, registry
        self._lease, self._clock, self._is_watching = lease, clock, is_watching
        self._outage = Outage("write the history of services")
        self._pending: list[Minute] = []
        self._minute = self._begun = 0
        self.trouble: str | None = None
        """Why the last minute could not be written; None if it was."""

    def begin(self) -> None:
        """Begin with the running minute, under a new grant."""
        self._minute = self._begun = minute_of(self._lease.now_ms())
        self._pending.clear()

    async def run(self, grant: Grant) -> None:
        """Write each minute when it is over, until cancelled. Raises Fenced."""
        while True:
            delay = await self._try_to_write(grant)
            rest = max((self._minute + 1) * MINUTE_MS - self._lease.now_ms(), 0) / 1000
            await pause(self._clock, min(rest, delay) if delay else rest)
            if minute_of(self._lease.now_ms()) != self._minute:
                await self._close(grant)

    async def finish(self, grant: Grant) -> None:
        """Write what was seen of the running minute, before the lease is given up.

        Raises Fenced or another StoreError.
        """
        await self._close(grant)
        await self._write(grant)

    async def _close(self, grant: Grant) -> None:
        """Take the rows of the minute that is over, or of the one before the clock was set."""
        over, self._minute = self._minute, minute_of(self._lease.now_ms())
        watched = self._is_watching()
        try:
            records = (await self._registry.view(grant.node)).records
            rows = self._recorder.close(records, watched=watched)
        except StoreError as error:
            self._failed(error)
            rows = self._recorder.close_unread()
        else:
            if not (rows or self._pending):
                self._succeeded()  # there is nothing to write
        if rows:
            self._pending = [*self._pending, Minute(over, self._begun, rows)][-MOST_PENDING:]

    async def _try_to_write(self, grant: Grant) -> float:
        """Write the minutes that wait; returns the seconds until a retry, 0 if all are written."""
        try:
            await self._write(grant)
        except Fenced:
            raise
        except StoreError as error:
            return self._failed(error)
        return 0.0

    async def _write(self, grant: Grant) -> None:
        while self._pending:
            await self._history.write(grant, self._pending[0])
            del self._pending[0]
            self._succeeded()

    def _succeeded(self) -> None:
        self._outage.succeeded()
        self.trouble = None

    def _failed(self, error: StoreError) -> float:
        self.trouble = f"the history of services cannot be written: {error}"
        return self._outage.failed(error)
