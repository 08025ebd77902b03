"""Redis's clock as seen from here: events and scans carry its time, and machines' clocks differ."""

import time

from redis.asyncio import Redis

from hero_router.store.client import translated


class RedisClock:
    """Knows how far Redis's clock is ahead of this machine's, as well as one answer can tell.

    The error is at most half of the time that the answer took.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self.ahead: float | None = None

    async def ask(self) -> None:
        """Compare the clocks; both ways are taken for equally long. Raises StoreError."""
        asked = time.time()
        with translated():
            seconds, micros = await self._client.time()
        self.ahead = int(seconds) + int(micros) / 1e6 - (asked + time.time()) / 2
