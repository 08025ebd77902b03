"""Reads the OpenRPC documents of services from Redis, by their digest.

A service record has the digest in its field `document`. `Registry.apply` writes record and document
in one step.
"""

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from hero_router.store.client import text
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import redis_errors
from hero_router.strict_json import InvalidJson, decode_trusted


class SpecReader:
    """Reads OpenRPC documents by node and digest."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def read(self, node: str, digest: str) -> Mapping[str, Any] | None:
        """Read an OpenRPC document; None if Redis does not keep it. Raises StoreError.

        Redis does not keep a document if the documents of its node are too large together.
        """
        with redis_errors():
            raw = await self._client.hget(self._keys.specs(node), digest)
        if raw is None:
            return None
        try:
            document = decode_trusted(text(raw))
        except InvalidJson:  # another program wrote it
            return None
        return document if isinstance(document, dict) else None
