"""Intervals and lifetimes of a stream, with jitter so that clients do not act all at once.

`jitter` is a random number, uniform in [0, 1), wherever it is asked for.
"""

import math
from dataclasses import dataclass

TICK = 0.25
"""Seconds between two ticks of the hub."""

AFTER_MS_PER_CLIENT = 2
MAX_AFTER_MS = 10_000
"""The snapshots that clients load after a resync are spread over this time for each client."""

RETRY_MS = 1_000
"""Least wait of a client whose stream broke, until it reconnects. The longest is three times it."""

RETURN_MS = 200
"""The same after the worker itself ended the stream: those ends are spread already."""


@dataclass(frozen=True, slots=True)
class StreamIntervals:
    """Settings of one worker's streams, in seconds.

    `ping_seconds` lie between two pings. A client that takes no byte for `stall_seconds` is
    disconnected. No stream gets older than `max_age_seconds` (0: no limit).
    """

    ping_seconds: float
    stall_seconds: float
    max_age_seconds: float = 0.0

    def expires_at(self, now: float, jitter: float) -> float:
        """When a stream that begins now is too old: at half the greatest age, up to all of it."""
        if not self.max_age_seconds:
            return math.inf
        return now + self.max_age_seconds * (1 + jitter) / 2

    @staticmethod
    def after_ms(clients: int, jitter: float) -> int:
        """How long a client waits after a resync until it loads a snapshot."""
        return int(jitter * min(clients * AFTER_MS_PER_CLIENT, MAX_AFTER_MS))

    @staticmethod
    def retry_ms(jitter: float) -> int:
        """How long a client waits after its stream broke."""
        return int(RETRY_MS * (1 + 2 * jitter))

    @staticmethod
    def return_ms(jitter: float) -> int:
        """How long a client waits after the worker ended its stream."""
        return int(RETURN_MS * (1 + 2 * jitter))

    @staticmethod
    def drain_count(clients: int, seconds: float) -> int:
        """How many streams to end in this tick, so that none is left after these seconds."""
        return clients if seconds <= TICK else math.ceil(clients * TICK / seconds)
