"""Reads the OpenRPC documents of services, which scanners keep in Redis by digest.

A record names its document in `document`. `Registry.apply` writes both in one step.
"""

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from hero_router.codec import InvalidJson, decode_trusted
from hero_router.store.client import text
from hero_router.store.keys import Keys
from hero_router.store.translate import redis_errors


class SpecReader:
    """Finds documents by node and digest."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def read(self, node: str, digest: str) -> Mapping[str, Any] | None:
        """The document; None where it is not kept, as where the node's documents are too large.

        Raises StoreError.
        """
        with redis_errors():
            raw = await self._client.hget(self._keys.specs(node), digest)
        if raw is None:
            return None
        try:
            document = decode_trusted(text(raw))
        except InvalidJson:  # a foreign hand wrote it
            return None
        return document if isinstance(document, dict) else None
