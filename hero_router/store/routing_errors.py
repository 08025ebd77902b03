"""Writes and reads the last routing errors of each service, which all web workers share.

A list of errors expires and is not part of the registry.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast, get_type_hints

from redis.asyncio import Redis

from hero_router.store.client import text
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import redis_errors
from hero_router.strict_json import InvalidJson, decode_trusted, encode

MOST_KEPT = 50
"""Maximum number of errors that are kept for one service."""

LIFETIME_MS = 86_400_000
"""Time from the last error of a service until its list of errors expires."""


class RoutingError(TypedDict):
    """One request that a service did not answer as it should. `at` is Unix ms, Redis's clock.

    `status` is what the client got, 0 if nothing, `cause` why (`proxy.call_record.Cause`;
    "complete": the service itself answered with this status), `path` the request's path without its
    query. `worker` is the web worker that passed the request on.
    """

    at: int
    status: int
    cause: str
    reason: str
    method: str
    path: str
    request_id: str
    node: str
    worker: str


_TYPES = get_type_hints(RoutingError)


class RoutingErrorStore:
    """The routing errors of all web workers in Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    async def add(self, errors: Mapping[str, Sequence[RoutingError]]) -> None:
        """Add errors by the services' ids, each the oldest first. Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                for service, entries in errors.items():
                    key = self._keys.routing_errors(service)
                    pipe.lpush(key, *map(encode, entries))
                    pipe.ltrim(key, 0, MOST_KEPT - 1)
                    pipe.pexpire(key, LIFETIME_MS)
                await pipe.execute()

    async def read(self, service: str) -> list[RoutingError]:
        """The last errors of a service, the newest first. Raises StoreError."""
        with redis_errors():
            raws: Any = await self._client.lrange(self._keys.routing_errors(service), 0, -1)
        return [entry for raw in raws if (entry := _entry(raw)) is not None]


def _entry(raw: bytes | str) -> RoutingError | None:
    """One error as it was written; None for what another program wrote."""
    try:
        value = decode_trusted(text(raw))
    except (InvalidJson, UnicodeDecodeError):
        return None
    if not isinstance(value, dict):
        return None
    known = {name: value.get(name) for name in _TYPES}
    good = all(type(known[name]) is kind for name, kind in _TYPES.items())
    return cast("RoutingError", known) if good else None
