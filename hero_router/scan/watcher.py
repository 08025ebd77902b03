"""Tells when something below the root changes. Only for speed: the full rescan finds everything."""

import asyncio
import errno
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, awatch

from hero_router.scan.interfaces import Clock, pause

log = logging.getLogger(__name__)

STEP_MS, DEBOUNCE_MS = 50, 200
"""Changes are told when it was quiet for a step, and no later than the debounce time."""
QUIET_MS = 500
"""After changes, and after the start, one more look is due when it was quiet for this long: a
folder that was just made is not watched from its first moment."""
RETRY_SECONDS = 2.0
"""Pause before a watch that failed is tried again."""
STEADY_SECONDS = 30.0
"""A watch that works again for so long is well again. One that fails before is the same trouble: as
where somebody makes, again and again, a file whose name is not UTF-8."""


class RootWatcher:
    """A watch on one root that outlives all its errors.

    The root is missing, no inotify watches are left, or there is a name that is not UTF-8: then it
    cannot even say what changed, and fails at each new try for as long as that name is there.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._failed_at: float | None = None

    async def changes(self) -> AsyncIterator[None]:
        """One item whenever a look at the root is due, for ever."""
        while True:
            try:
                async for due in self._watched():
                    self._note_well()
                    if due:
                        yield
            except (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # noqa: BLE001 - a panic of its Rust part is no Exception
                begins = self._failed_at is None
                self._note_failed(error)
                if begins:  # the root may have gone before it was watched: no event tells that
                    yield
                await pause(self._clock, RETRY_SECONDS)

    async def _watched(self) -> AsyncIterator[bool]:
        """Until the path leads elsewhere, or an error: is this item a reason to look?

        The kernel watches a folder, not a path; and the library watches nothing, without a word,
        where it is told to ignore folders that it may not read and the root itself is missing.
        """
        watched = await asyncio.to_thread(_identity, self._root)
        expected = True
        async for changed in awatch(
            self._root,
            watch_filter=None,
            step=STEP_MS,
            debounce=DEBOUNCE_MS,
            rust_timeout=QUIET_MS,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            yield bool(changed) or expected
            expected = bool(changed)
            # A new folder may have the inode of the old one.
            if (Change.deleted, str(self._root)) in changed:
                return
            if await asyncio.to_thread(_identity, self._root) != watched:
                return

    def _note_failed(self, error: BaseException) -> None:
        """Log the first failure of a trouble; what follows is the same trouble."""
        level = logging.DEBUG if self._failed_at is not None else logging.WARNING
        log.log(level, "cannot watch %s: %s; relying on rescans", self._root, _cause(error))
        self._failed_at = self._clock.monotonic()

    def _note_well(self) -> None:
        failed_at = self._failed_at
        if failed_at is not None and self._clock.monotonic() - failed_at >= STEADY_SECONDS:
            log.info("watching %s again", self._root)
            self._failed_at = None


def _identity(root: Path) -> tuple[int, int]:
    """Device and inode of the folder to which the path leads.

    Raises OSError where there is none, or it may not be read: without an event for who watches it.
    """
    state = root.stat()
    if not os.access(root, os.R_OK | os.X_OK, effective_ids=True):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(root))
    return state.st_dev, state.st_ino


def _cause(error: BaseException) -> str:
    """The error itself: the watch runs in a group of tasks, which wraps it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
