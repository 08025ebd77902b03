"""Writes and reads the web workers' lists of connected clients, for operators.

A client list expires after a short time and is not part of the registry.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from hero_router.store.client import text
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import redis_errors
from hero_router.store.snapshot import parse_values
from hero_router.strict_json import encode

LIFETIME_MS = 10_000
"""Lifetime of a client list: without a newer one the web worker has ended or cannot write."""

KEEP_NAMES_MS = 3_600_000
"""Time that a web worker's name is kept after its last client list, as clocks may differ."""


@dataclass(frozen=True, slots=True)
class ClientList:
    """One web worker's last client list, and when it was published (Unix ms)."""

    published_at: int
    summary: Mapping[str, Any]


class ClientListStore:
    """The client lists of all web workers in Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def publish(self, worker: str, summary: Mapping[str, Any], now_ms: int) -> None:
        """Replace the client list of this web worker. Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.set(self._keys.clients(worker), encode(summary), px=LIFETIME_MS)
                pipe.zadd(self._keys.workers, {worker: now_ms})
                pipe.zremrangebyscore(self._keys.workers, "-inf", now_ms - KEEP_NAMES_MS)
                await pipe.execute()

    async def remove(self, worker: str) -> None:
        """Remove the client list of a web worker that ends. Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.delete(self._keys.clients(worker))
                pipe.zrem(self._keys.workers, worker)
                await pipe.execute()

    async def read(self) -> dict[str, ClientList]:
        """The client lists of all web workers, by the worker's name. Raises StoreError."""
        with redis_errors():
            times: Any = await self._client.zrange(self._keys.workers, 0, -1, withscores=True)
            names = {text(name): int(score) for name, score in times}
            if not names:
                return {}
            raws: Any = await self._client.mget([self._keys.clients(name) for name in names])
        texts = {name: text(raw) for name, raw in zip(names, raws, strict=True) if raw is not None}
        summaries = parse_values("clients", texts, _summary)
        return {name: ClientList(names[name], summary) for name, summary in summaries.items()}


def _summary(_: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A client list unchanged, with fields of a newer version. Raises TypeError if malformed."""
    if not (_are_counts(value["states"]) and _are_counts({"": value["pending"]})):
        raise TypeError("not counts")
    if not all(isinstance(item, dict) for item in value["listed"]):
        raise TypeError("not clients")
    return value


def _are_counts(value: Mapping[str, Any]) -> bool:
    return all(type(item) is int for item in value.values())
