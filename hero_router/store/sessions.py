"""The browser sessions that were ended before their time, kept in Redis for all web workers."""

from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from hero_router.errors import StoreCorrupt
from hero_router.store.client import text
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import delete_command, redis_errors

KEEP_MS = 3_600_000
"""Time that an ended session is kept after its expiry: a worker's clock may be behind Redis's."""

LONGEST_MS = 400 * 86_400_000
"""Longest life of any session: browsers keep no cookie for more than 400 days (RFC 6265bis)."""


@dataclass(frozen=True, slots=True)
class Revocations:
    """The sessions that are no longer valid: those in `ids`, and all begun before `before_ms`.

    `before_ms` is Unix time by Redis's clock; 0: no such time was set.
    """

    ids: frozenset[str] = frozenset()
    before_ms: int = 0


class RevokedSessions:
    """Ends browser sessions before their time. A session's id is no secret; its cookie is."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def revoke(self, session_id: str, expires_at_ms: int | None = None) -> None:
        """End one session that would expire at this time (Unix ms; None: not known to the caller).

        Raises StoreError.
        """
        if expires_at_ms is None:
            expires_at_ms = await self._now_ms() + LONGEST_MS
        with redis_errors():
            # "gt": ended again with another time, it is kept until the later one.
            await self._client.zadd(self._keys.revoked, {session_id: expires_at_ms}, gt=True)

    async def revoke_all(self) -> int:
        """End all sessions that have begun; returns the time of this (Unix ms). Raises StoreError.

        The time never goes back, even if Redis's clock does: a session that was ended stays so.
        """
        now_ms = await self._now_ms()
        before_ms = max(now_ms, (await self.read()).before_ms)
        with redis_errors():
            await self._client.set(self._keys.revoked_before, before_ms)
        return before_ms

    async def read(self) -> Revocations:
        """All that is revoked; sessions that expired long ago are removed. Raises StoreError."""
        oldest = await self._now_ms() - KEEP_MS
        with redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.zremrangebyscore(self._keys.revoked, "-inf", f"({oldest}")
                pipe.zrange(self._keys.revoked, 0, -1)
                pipe.get(self._keys.revoked_before)
                found: Any = await pipe.execute()
        _, ids, before = found
        return Revocations(frozenset(map(text, ids)), self._time(before))

    async def _now_ms(self) -> int:
        clock = RedisClock(self._client)
        await clock.ask()
        return clock.now_ms()

    def _time(self, raw: bytes | None) -> int:
        try:
            return int(raw or 0)
        except ValueError:
            key = self._keys.revoked_before
            raise StoreCorrupt(
                "the time before which browser sessions are ended holds in Redis what hero_router "
                f"did not write: `{delete_command(key)}` and `hero_router access revoke --all` "
                "end all sessions anew"
            ) from None
