"""Writes the browser sessions that begin at one worker to Redis, for lists of who is signed in.

Nobody is kept from signing in because Redis does not answer: a session holds by its cookie alone,
and a sign-in waits a second at most. What could not be recorded is tried again as long as the
worker runs. A session that was never recorded, or whose record Redis lost, is in no list. It still
ends when all sessions, or all others, are ended.
"""

import asyncio
import logging
from collections.abc import Callable

from hero_router.errors import StoreError
from hero_router.store.session_list import BrowserSession, SessionListStore

log = logging.getLogger(__name__)

WAIT_SECONDS = 1.0
"""Longest wait for Redis."""

RETRY_SECONDS = 2.0

MOST_WAITING = 100
"""Most sessions that a worker remembers until they are recorded; the oldest is dropped first."""


class SessionRecorder:
    """The sessions of one worker that are not recorded yet. `now_ms`: Unix ms, Redis's clock."""

    def __init__(self, record: SessionListStore, now_ms: Callable[[], int]) -> None:
        self._record, self._now_ms = record, now_ms
        self._waiting: dict[str, BrowserSession] = {}

    async def add(self, session: BrowserSession) -> None:
        """Record a session that begins, now or later."""
        if len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[session.id] = session
        try:
            await self._write()
        except (StoreError, TimeoutError) as error:
            log.warning(
                "the browser session %s could not be written to Redis: it is valid, but lists of "
                "sessions do not show it until a later try succeeds; the cause: %s",
                session.id,
                str(error) or "no answer in time",
            )

    async def run(self) -> None:
        """Record what waits, every few seconds until cancelled."""
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Record what waits; if that fails it stays for the next time."""
        try:
            await self._write()
        except (StoreError, TimeoutError) as error:
            log.debug(
                "%d browser sessions could not be written to Redis, and are tried again: %s",
                len(self._waiting),
                error,
            )

    async def _write(self) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            for session in tuple(self._waiting.values()):
                await self._record.put(session, self._now_ms())
                self._waiting.pop(session.id, None)
