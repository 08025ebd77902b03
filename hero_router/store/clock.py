"""Redis's clock, which gives the times of all events and scans.

The clocks of the machines may differ or be set; all processes share the clock of Redis.
"""

import time

from redis.asyncio import Redis

from hero_router.store.redis_errors import redis_errors

DRIFT = 1e-3
"""Seconds by which two clocks may drift apart in a second: each is slewed by at most 500 parts per
million (RFC 5905, MAXFREQ)."""


class RedisClock:
    """Redis's time; between two answers of Redis the monotonic clock of this machine advances it.

    `ahead`: so many seconds Redis's clock is ahead of this machine's clock; None before the first
    answer. An answer is wrong by at most half of the time that it took. One that took long, as
    while this process or Redis stood still, changes nothing if it agrees with a better one.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self.ahead: float | None = None
        self._offset: float | None = None
        self._error, self._set_at = 0.0, 0.0

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
        answered = time.monotonic()
        error = (answered - asked) / 2
        offset = redis_seconds - (asked + error)
        known = self._error + DRIFT * (answered - self._set_at)
        was_set = self._offset is not None and abs(offset - self._offset) > error + known
        if self._offset is None or error <= known or was_set:
            self._offset, self._error, self._set_at = offset, error, answered
        self.ahead = self._offset + answered - time.time()

    def now_ms(self) -> int:
        """Redis's time now in Unix milliseconds; this machine's time before the first answer."""
        return self.unix_ms(time.monotonic())

    def unix_ms(self, monotonic: float) -> int:
        """Redis's time at a moment of this machine's monotonic clock, as `now_ms` gives it."""
        offset = time.time() - time.monotonic() if self._offset is None else self._offset
        return int((offset + monotonic) * 1000)
