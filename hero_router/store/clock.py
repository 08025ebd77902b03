"""Redis's clock as seen from here: events and scans carry its time, and machines' clocks differ."""

import time

from redis.asyncio import Redis

from hero_router.store.client import redis_errors


class RedisClock:
    """Knows how far Redis's clock is ahead of this machine's, as well as one answer can tell.

    The error is at most half of the time that the answer took.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self.ahead: float | None = None
        self._began: float | None = None

    async def ask(self) -> None:
        """Compare the clocks; both ways are taken for equally long. Raises StoreError."""
        asked, began = time.time(), time.monotonic()
        with redis_errors():
            seconds, micros = await self._client.time()
        redis_seconds = int(seconds) + int(micros) / 1e6
        self.ahead = redis_seconds - (asked + time.time()) / 2
        self._began = redis_seconds - (began + time.monotonic()) / 2

    def now_ms(self) -> int:
        """Unix milliseconds by Redis's clock, carried on by this machine's monotonic clock.

        Before the first answer it is this machine's own time: nothing better is known.
        """
        seconds = time.time() if self._began is None else self._began + time.monotonic()
        return int(seconds * 1000)
