"""When things happen to a stream, and the chance in it: so that many clients never act at once."""

import math
from dataclasses import dataclass

TICK = 0.25
"""Seconds between two ticks of the hub."""

AFTER_MS_PER_CLIENT = 2
AFTER_MS_MOST = 10_000
"""Re-fetches after a resync are spread over this much time for each connected client."""

RETRY_MS = 1_000
"""Least time until a client reconnects after its stream broke; each is told up to three times as
much, by chance."""

RETURN_MS = 200
"""The same after a stream that its worker ended: those are spread already, and nobody is away."""


@dataclass(frozen=True, slots=True)
class StreamTiming:
    """Seconds: between keepalives, without progress until a client is dropped, and the greatest age
    of a stream (0: none). `chance` is uniform in [0, 1) wherever it is asked for."""

    ping: float
    stall: float
    age: float = 0.0

    def expires_at(self, now: float, chance: float) -> float:
        """When a stream that begins now is too old: between half and the whole of `age`."""
        return now + self.age * (1 + chance) / 2 if self.age else math.inf

    @staticmethod
    def after_ms(clients: int, chance: float) -> int:
        """How long a client waits after a resync until it fetches a snapshot."""
        return int(chance * min(clients * AFTER_MS_PER_CLIENT, AFTER_MS_MOST))

    @staticmethod
    def retry_ms(chance: float) -> int:
        """How long a client waits after a stream that broke."""
        return int(RETRY_MS * (1 + 2 * chance))

    @staticmethod
    def return_ms(chance: float) -> int:
        """How long a client waits after a stream that was ended."""
        return int(RETURN_MS * (1 + 2 * chance))

    @staticmethod
    def drain_count(clients: int, left: float) -> int:
        """How many of the clients end with this tick, so that none is there when time is up."""
        return clients if left <= TICK else math.ceil(clients * TICK / left)
