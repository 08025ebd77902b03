"""Logs when Redis fails and when it works again, and computes the delay of retries.

For the scanner, and for the sender of webhooks, which runs in a scanner.
"""

import logging
import random
from collections.abc import Callable

from hero_router.backoff import Backoff
from hero_router.errors import StoreError

log = logging.getLogger(__name__)

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 0.4, 3.2
"""Delays of a retry after the first and after many failures of Redis; jitter shortens them."""


class Outage:
    """One thing that the scanner cannot do while Redis fails.

    `action` says what that is: "publish changes".
    """

    def __init__(self, action: str, jitter: Callable[[], float] = random.random) -> None:
        self._action, self._code = action, ""
        self._backoff = Backoff(FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS, jitter)

    def failed(self, error: StoreError) -> float:
        """Note a failure of Redis; returns the seconds to wait before the next try."""
        if error.code != self._code:
            log.warning("the scanner cannot %s now, and tries again: %s", self._action, error)
        self._code = error.code
        return self._backoff.failed()

    def succeeded(self) -> None:
        """Note a success, which ends the outage."""
        if self._code:
            log.info("Redis is back: the scanner can %s again", self._action)
        self._code = ""
        self._backoff.reset()
