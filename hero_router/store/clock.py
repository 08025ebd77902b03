"""Redis's clock, which gives the times of all events and scans.

The clocks of the machines may differ or be set; all processes share the clock of Redis.
"""

import time

from redis.asyncio import Redis

from hero_router.store.redis_errors import redis_errors


class RedisClock:
    """Redis's time; between two answers of Redis the monotonic clock of this machine advances it.

    `ahead`: so many seconds Redis's clock is ahead of this machine's clock; None before the first
    answer. The error is at most half of the time that the answer took.
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
        """Set the clock to a time that Redis has answered (Unix seconds).

        `asked` is the monotonic time of the question. Question and answer are assumed to travel for
        equally long.
        """
        half = (time.monotonic() - asked) / 2
        self.ahead = redis_seconds - (time.time() - half)
        self._offset = redis_seconds - (asked + half)

    def now_ms(self) -> int:
        """Redis's time now in Unix milliseconds; this machine's time before the first answer."""
        seconds = time.time() if self._offset is None else self._offset + time.monotonic()
        return int(seconds * 1000)
