"""Computes the times of event streams: reconnect delays, age limit, streams to end per tick.

Jitter spreads the times, so that clients do not all act at once. Every parameter `jitter` is a
random number in [0, 1) that the caller draws. Pure: no I/O, no clock.
"""

import math
from dataclasses import dataclass

TICK = 0.25
"""Seconds between two ticks of the hub."""

AFTER_MS_PER_CLIENT = 2
MAX_AFTER_MS = 10_000
"""After a `resync`, clients spread their requests for the state over `AFTER_MS_PER_CLIENT` times
the number of clients, and over `MAX_AFTER_MS` at most."""

RETRY_MS = 1_000
"""Shortest reconnect delay after a stream broke; the longest is three times as long."""

RETURN_MS = 200
"""Shortest reconnect delay after the worker ended the stream; these ends are spread already."""


@dataclass(frozen=True, slots=True)
class StreamTiming:
    """Settings of one worker's streams, in seconds.

    `ping_seconds` is the time between two pings. A client that takes no byte for `stall_seconds`
    is disconnected. No stream gets older than `max_age_seconds` (0: no limit).
    """

    ping_seconds: float
    stall_seconds: float
    max_age_seconds: float = 0.0

    def expires_at(self, now: float, jitter: float) -> float:
        """When a stream that begins now must end: after a random part of the age limit."""
        if not self.max_age_seconds:
            return math.inf
        return now + self.max_age_seconds * (1 + jitter) / 2

    @staticmethod
    def after_ms(clients: int, jitter: float) -> int:
        """How long a client waits after a `resync` before it loads the state, in ms."""
        return int(jitter * min(clients * AFTER_MS_PER_CLIENT, MAX_AFTER_MS))

    @staticmethod
    def retry_ms(jitter: float) -> int:
        """Reconnect delay of a client whose stream broke, in ms."""
        return int(RETRY_MS * (1 + 2 * jitter))

    @staticmethod
    def return_ms(jitter: float) -> int:
        """Reconnect delay of a client whose stream the worker ended, in ms."""
        return int(RETURN_MS * (1 + 2 * jitter))

    @staticmethod
    def drain_count(clients: int, seconds: float) -> int:
        """How many streams to end in this tick, so that none is left after `seconds`."""
        return clients if seconds <= TICK else math.ceil(clients * TICK / seconds)
