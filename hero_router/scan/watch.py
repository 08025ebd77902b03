"""Tells when something below the root changes. Only for speed: the full rescan finds everything."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, awatch

from hero_router.scan.ports import Clock, pause

log = logging.getLogger(__name__)

STEP_MS, DEBOUNCE_MS = 50, 200
"""Changes are told when it was quiet for a step, and no later than the debounce time."""
QUIET_MS = 500
"""After changes, and after the start, one more look is due when it was quiet for this long: a
folder that was just made is not watched from its first moment."""
RETRY_SECONDS = 2.0
"""Pause before a watch that failed is tried again."""


class Watch:
    """A watch on one root that outlives its errors: a missing root, or no inotify watches left."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._stop = asyncio.Event()
        self._trouble: str | None = None

    def renew(self) -> None:
        """Watch afresh: the root's path leads elsewhere, and the kernel watches the old folder."""
        self._stop.set()

    async def changes(self) -> AsyncIterator[None]:
        """One item whenever a look at the root is due, for ever."""
        while True:
            self._stop = asyncio.Event()
            try:
                async for due in self._watched():
                    self._tell(None)
                    if due:
                        yield
            except (OSError, RuntimeError) as error:
                self._tell(str(error))
                await pause(self._clock, RETRY_SECONDS)

    async def _watched(self) -> AsyncIterator[bool]:
        """Until the stop, an error or the end of the root: is this item a reason to look?"""
        expected = True
        async for changed in awatch(
            self._root,
            watch_filter=None,
            step=STEP_MS,
            debounce=DEBOUNCE_MS,
            rust_timeout=QUIET_MS,
            yield_on_timeout=True,
            stop_event=self._stop,
            ignore_permission_denied=True,
        ):
            yield bool(changed) or expected
            expected = bool(changed)
            if (Change.deleted, str(self._root)) in changed:
                return

    def _tell(self, trouble: str | None) -> None:
        """Log once for each change of state."""
        if trouble is not None and trouble != self._trouble:
            log.warning("cannot watch %s: %s; relying on rescans", self._root, trouble)
        elif trouble is None and self._trouble is not None:
            log.info("watching %s again", self._root)
        self._trouble = trouble
