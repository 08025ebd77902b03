"""Random hexadecimal digits for ids; reads the system's generator for many ids at a time."""

import os
from collections.abc import Callable

BLOCK_BYTES = 4096
"""How many random bytes are fetched at once: a call to the system costs more than an id."""


class RandomHex:
    """Gives random digits, none of them twice. A process makes its own, after it was forked."""

    def __init__(self, source: Callable[[int], bytes] = os.urandom) -> None:
        self._source = source
        self._digits, self._used = "", 0

    def __call__(self, count: int) -> str:
        """So many random bytes as hexadecimal digits; at most `BLOCK_BYTES`."""
        start, end = self._used, self._used + 2 * count
        if end > len(self._digits):
            self._digits = self._source(BLOCK_BYTES).hex()
            start, end = 0, 2 * count
        self._used = end
        return self._digits[start:end]
