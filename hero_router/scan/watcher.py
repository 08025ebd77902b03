"""Watches the socket folder, so that changes are found at once and not only by the next scan."""

import asyncio
import errno
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, awatch

from hero_router.scan.dependency_protocols import Clock, pause

log = logging.getLogger(__name__)

STEP_MS, DEBOUNCE_MS = 50, 200
"""Changes are reported after a step without changes, at the latest after the debounce time."""
QUIET_MS = 500
"""Time without changes after which one more walk is due.

A new folder is not watched from its first moment, so changes in it may be missed."""
RETRY_SECONDS = 2.0
"""Pause before a failed watch is tried again."""
STEADY_SECONDS = 30.0
"""Time for which a watch must work until a failure is over. An earlier failure is not logged again:
a program may make files whose names are not UTF-8 again and again."""


class RootWatcher:
    """Watches the socket folder, and starts again after every error.

    The watch fails while the socket folder is missing, while no inotify watch is left, and while
    there is a file whose name is not UTF-8, which the library cannot report.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._failed_at: float | None = None

    async def changes(self) -> AsyncIterator[None]:
        """Yield each time that a walk is due. Never ends."""
        while True:
            try:
                async for due in self._watched():
                    self._note_working()
                    if due:
                        yield
            except (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # noqa: BLE001 - a panic of its Rust part is no Exception
                begins = self._failed_at is None
                self._note_failed(error)
                if begins:  # the folder may be gone since before the watch began: no event then
                    yield
                await pause(self._clock, RETRY_SECONDS)

    async def _watched(self) -> AsyncIterator[bool]:
        """Yield whether a walk is due; end when the path leads to another folder.

        The kernel watches a folder, not a path. If the socket folder is missing, the library
        watches nothing, without an error, because we let it ignore unreadable folders.
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
        """Log a failure: as a WARNING if the watch worked before, else for debugging."""
        level = logging.DEBUG if self._failed_at is not None else logging.WARNING
        log.log(
            level,
            "the scanner cannot watch the socket folder %s: %s; changes are found only by the "
            "regular scans, every ROUTER_SCAN_SECONDS",
            self._root,
            _cause(error),
        )
        self._failed_at = self._clock.monotonic()

    def _note_working(self) -> None:
        failed_at = self._failed_at
        if failed_at is not None and self._clock.monotonic() - failed_at >= STEADY_SECONDS:
            log.info("the scanner watches the socket folder %s for changes again", self._root)
            self._failed_at = None


def _identity(root: Path) -> tuple[int, int]:
    """Device and inode of the folder at a path.

    Raises OSError if there is no folder, or if it may not be read: such a folder sends no events.
    """
    state = root.stat()
    if not os.access(root, os.R_OK | os.X_OK, effective_ids=True):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(root))
    return state.st_dev, state.st_ino


def _cause(error: BaseException) -> str:
    """The message of an error, without the exception groups around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
