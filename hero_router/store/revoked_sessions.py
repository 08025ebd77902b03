"""The list of browser sessions that were revoked, in Redis for all web workers."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from hero_router.errors import StoreCorrupt, StoreError, Unauthorized
from hero_router.store.client import script, text
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import delete_command, redis_errors
from hero_router.store.session_list import BrowserSession, SessionListStore

KEEP_MS = 3_600_000
"""Time that an ended session is kept after its expiry: a worker's clock may be behind Redis's."""

LONGEST_MS = 400 * 86_400_000
"""Longest life of any session: browsers keep no cookie for more than 400 days (RFC 6265bis)."""


@dataclass(frozen=True, slots=True)
class Revocations:
    """The revoked sessions: those in `ids`, and all that began before `before_ms` but `spared`.

    `before_ms` is Unix time by Redis's clock; 0: no such time was set. `spared` is a session's id,
    "" for none.
    """

    ids: frozenset[str] = frozenset()
    before_ms: int = 0
    spared: str = ""

    def ended(self, session_id: str, began_ms: int) -> bool:
        """Whether the session that began then was ended."""
        if session_id in self.ids:
            return True
        return began_ms <= self.before_ms and session_id != self.spared


class RevokedSessions:
    """Revokes browser sessions, by their id. A session's id is no secret; its cookie is.

    A revoked session also leaves the record. If that fails it is revoked all the same.
    """

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys
        self._record = SessionListStore(client, keys)
        self._revoke_all = script(client, "revoke_all")

    async def revoke(self, session_id: str, expires_at_ms: int | None = None) -> None:
        """End one session that would expire at this time (Unix ms; None: not known to the caller).

        Raises StoreError.
        """
        if expires_at_ms is None:
            expires_at_ms = await self._now_ms() + LONGEST_MS
        with redis_errors():
            # "gt": ended again with another time, it is kept until the later one.
            await self._client.zadd(self._keys.revoked, {session_id: expires_at_ms}, gt=True)
        with suppress(StoreError):
            await self._record.remove(session_id)

    async def revoke_all(self, spared: str = "", began_ms: int = 0) -> int:
        """End all sessions that have begun, but the one with the id `spared` ("": also that one).

        That one has begun at `began_ms`. Returns the time of this (Unix ms).

        Raises:
            Unauthorized: the session that is to be spared was ended itself. Then none is ended:
                this worker has not read of it yet, and the session must not come back to life.
            StoreError: Redis cannot be reached or refuses the call.
        """
        keys = self._keys
        with redis_errors():
            found = await self._revoke_all(
                keys=[keys.revoked, keys.revoked_before, keys.revoked_except],
                args=[spared, began_ms],
            )
        before_ms = self._time(found)
        if not before_ms:
            raise Unauthorized("your session was ended")
        with suppress(StoreError):
            await self._revoke_later(before_ms, spared)
            await self._record.keep_only(spared)
        return before_ms

    async def _revoke_later(self, before_ms: int, spared: str) -> None:
        """End the recorded sessions that a worker's clock, ahead of Redis's, dates after now."""
        recorded = await self._record.read(before_ms)
        later = {each.id: each.until for each in recorded if each.at > before_ms}
        later.pop(spared, None)
        if later:
            with redis_errors():
                await self._client.zadd(self._keys.revoked, later, gt=True)

    async def read(self) -> Revocations:
        """All that is revoked; sessions that expired long ago are removed. Raises StoreError."""
        oldest = await self._now_ms() - KEEP_MS
        with redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.zremrangebyscore(self._keys.revoked, "-inf", f"({oldest}")
                pipe.zrange(self._keys.revoked, 0, -1)
                pipe.get(self._keys.revoked_before)
                pipe.get(self._keys.revoked_except)
                found: Any = await pipe.execute()
        _, ids, before, spared = found
        before_ms = self._time(before)
        return Revocations(frozenset(map(text, ids)), before_ms, _spared(spared, before_ms))

    async def recorded(self) -> list[BrowserSession]:
        """The recorded sessions that still hold, the newest first. Raises StoreError.

        A session that was ended before it could be recorded may be in the record.
        """
        ended = await self.read()
        sessions = await self._record.read(await self._now_ms())
        return [each for each in sessions if not ended.ended(each.id, each.at)]

    async def _now_ms(self) -> int:
        clock = RedisClock(self._client)
        await clock.ask()
        return clock.now_ms()

    def _time(self, raw: bytes | int | None) -> int:
        try:
            return int(raw or 0)
        except ValueError:
            key = self._keys.revoked_before
            raise StoreCorrupt(
                f"the key {key} in Redis, the time before which browser sessions are ended, has a "
                f"value that hero_router did not write; run `{delete_command(key)}`, and then "
                "`hero_router access revoke --all` to end all sessions"
            ) from None


def _spared(raw: bytes | None, before_ms: int) -> str:
    """The session that was spared at this very time: whoever sets only the time spares none."""
    at, _, session_id = text(raw or b"").partition(" ")
    return session_id if at == str(before_ms) else ""
