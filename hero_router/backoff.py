"""Exponential back-off: how long to wait before the next retry after failures in a row."""

import random
from collections.abc import Callable

_MAX_DOUBLINGS = 30
"""More doublings than any longest wait needs. Without a bound, the power of an hour of failures
would be too large for a float."""


class Backoff:
    """Computes the wait before each retry: `first` seconds, doubled each time up to `longest`.

    `jitter` gives a random number in [0, 1). It shortens each wait by up to half, so that many
    processes do not retry at the same moment. `failures` counts the failures since the last
    success.
    """

    def __init__(
        self, first: float, longest: float, jitter: Callable[[], float] = random.random
    ) -> None:
        self._first, self._longest, self._jitter = first, longest, jitter
        self.failures = 0

    def failed(self) -> float:
        """Count a failure; returns the seconds to wait before the next try."""
        self.failures += 1
        wait = self._first * 2.0 ** min(self.failures - 1, _MAX_DOUBLINGS)
        return min(wait, self._longest) * (1 + self._jitter()) / 2

    def reset(self) -> None:
        """Note a success: the next failure counts as the first one again."""
        self.failures = 0
