"""Redis's clock as this process knows it: all times of events and scans are by that clock.

The clocks of the machines may differ, and may be set; Redis's is one for all of them.
"""

import time

from redis.asyncio import Redis

from hero_router.store.translate import redis_errors


class RedisClock:
    """Redis's time, carried on by this machine's monotonic clock between two answers of Redis.

    `ahead` is by how many seconds Redis's clock is ahead of this machine's, None if not known yet.
    The error is at most half of the time that the answer took.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self.ahead: float | None = None
        self._offset: float | None = None

    async def ask(self) -> None:
        """Ask Redis for its time. Raises StoreError."""
        asked = time.monotonic()
        with redis_errors():
            seconds, micros = await self._client.time()
        self.set(int(seconds) + int(micros) / 1e6, asked)

    def set(self, redis_seconds: float, asked: float) -> None:
        """Take Redis's time (Unix seconds) from an answer to a question of `asked` (monotonic).

        Question and answer are assumed to travel for equally long.
        """
        half = (time.monotonic() - asked) / 2
        self.ahead = redis_seconds - (time.time() - half)
        self._offset = redis_seconds - (asked + half)

    def now_ms(self) -> int:
        """Redis's time now in Unix milliseconds; this machine's before the first answer."""
        seconds = time.time() if self._offset is None else self._offset + time.monotonic()
        return int(seconds * 1000)
