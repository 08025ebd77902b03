"""Gives the current time by Redis's clock, and when Redis last confirmed this worker's state.

All times that clients get come from `Freshness`, so the workers on all machines give the same time.
"""

import time
from collections.abc import Callable, Mapping

SAME_MS = 100
"""A stamp stays the same for this long, so that one frame serves many clients."""

Stamp = Mapping[str, int | None]
"""The fields `now` and `as_of` of a frame; see `Freshness`."""


def system_ms() -> int:
    """This machine's own time in Unix milliseconds."""
    return int(time.time() * 1000)


class Freshness:
    """Gives the time by Redis's clock, and when Redis last confirmed this worker's state.

    `now_ms` gives Unix ms by Redis's clock. `as_of` is the last time (Unix ms) at which Redis
    confirmed that this worker has read the newest event; None before the first time.
    """

    def __init__(self, now_ms: Callable[[], int] = system_ms) -> None:
        self.now_ms = now_ms
        self.as_of: int | None = None
        self._stamp: Stamp = {"now": None, "as_of": None}

    def stamp(self) -> Stamp:
        """The current `now` and `as_of`; the same object for up to `SAME_MS`."""
        now, made = self.now_ms(), self._stamp["now"]
        if made is None or not 0 <= now - made < SAME_MS:
            self._stamp = {"now": now, "as_of": self.as_of}
        return self._stamp
