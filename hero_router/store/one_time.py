"""One-time codes, kept in Redis so that each works once, on any web worker."""

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from hero_router.store.client import text
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import redis_errors
from hero_router.strict_json import InvalidJson, decode_trusted, encode


class OneTimeCodes:
    """Stores the payloads of codes by digest: nobody who reads Redis can use a code."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def put(self, code_digest: str, payload: Mapping[str, Any], seconds: float) -> bool:
        """Store the payload of a code for `seconds`; False if the code is in use.

        Raises StoreError.
        """
        key, lifetime_ms = self._keys.once(code_digest), int(seconds * 1000)
        with redis_errors():
            return bool(await self._client.set(key, encode(payload), nx=True, px=lifetime_ms))

    async def take(self, code_digest: str) -> Mapping[str, Any] | None:
        """Remove and return the payload of a code; None if unknown, expired or taken before.

        One caller gets it, also if several ask at the same time. Raises StoreError.
        """
        with redis_errors():
            raw = await self._client.getdel(self._keys.once(code_digest))
        try:
            found = None if raw is None else decode_trusted(text(raw))
        except InvalidJson:
            return None
        return found if isinstance(found, dict) else None
