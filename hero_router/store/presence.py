"""Who is connected to which worker, as each worker tells it: side data with a short lifetime.

Nothing depends on it but the page for operators: it is no part of the registry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from hero_router.codec import encode
from hero_router.store.client import text
from hero_router.store.keys import Keys
from hero_router.store.snapshot import parsed_values
from hero_router.store.translate import redis_errors

LIFETIME_MS = 10_000
"""What a worker told is forgotten after this long: then it is gone, or Redis cannot be written."""

FORGET_MS = 3_600_000
"""Names of workers that told nothing for so long leave the set; others' clocks may differ."""


@dataclass(frozen=True, slots=True)
class PresenceEntry:
    """What one worker told, and when (Unix ms)."""

    at: int
    summary: Mapping[str, Any]


class Presence:
    """The workers' summaries of their clients."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def publish(self, worker: str, summary: Mapping[str, Any], now_ms: int) -> None:
        """Replace what this worker told before. Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.set(self._keys.clients(worker), encode(summary), px=LIFETIME_MS)
                pipe.zadd(self._keys.workers, {worker: now_ms})
                pipe.zremrangebyscore(self._keys.workers, "-inf", now_ms - FORGET_MS)
                await pipe.execute()

    async def remove(self, worker: str) -> None:
        """This worker ends. Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.delete(self._keys.clients(worker))
                pipe.zrem(self._keys.workers, worker)
                await pipe.execute()

    async def read(self) -> dict[str, PresenceEntry]:
        """What all workers tell, by their names. Raises StoreError."""
        with redis_errors():
            times: Any = await self._client.zrange(self._keys.workers, 0, -1, withscores=True)
            names = {text(name): int(score) for name, score in times}
            if not names:
                return {}
            raws: Any = await self._client.mget([self._keys.clients(name) for name in names])
        texts = {name: text(raw) for name, raw in zip(names, raws, strict=True) if raw is not None}
        summaries = parsed_values("clients", texts, _summary)
        return {name: PresenceEntry(names[name], summary) for name, summary in summaries.items()}


def _summary(_: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """As it is, so that fields of a newer version pass through; sums must be possible."""
    if not (_counts(value["states"]) and _counts({"": value["pending"]})):
        raise TypeError("not counts")
    if not all(isinstance(item, dict) for item in value["listed"]):
        raise TypeError("not clients")
    return value


def _counts(value: Mapping[str, Any]) -> bool:
    return all(type(item) is int for item in value.values())
