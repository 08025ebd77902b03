"""The muted services in Redis, about which no webhook messages are sent."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from redis.asyncio import Redis

from hero_router.store.client import script, text
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import redis_errors
from hero_router.store.snapshot import parse_values
from hero_router.strict_json import encode

MAX_NOTE = 200
"""Maximum number of characters of a note."""


@dataclass(frozen=True, slots=True)
class Mute:
    """One muted service: `by` whom, since when (`at`), `until` when, and why (`note`).

    Times are Unix ms by Redis's clock; `until` is None for a mute that somebody has to end.
    """

    id: str
    name: str
    context: str
    node: str
    by: str
    at: int
    until: int | None
    note: str

    def holds_at(self, now_ms: int) -> bool:
        """Whether the service is still muted at this time."""
        return self.until is None or now_ms < self.until

    def to_json(self) -> dict[str, Any]:
        """The mute as it is stored and sent."""
        return asdict(self)


class MuteStore:
    """The mutes of all services, by service id. They outlive the service's record."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._key = client, keys.mutes
        self._forget = script(client, "mutes_forget")

    async def read(self) -> Mapping[str, Mute]:
        """All mutes, also those that are over; what hero_router did not write is left out.

        Raises StoreError.
        """
        return _parsed(await self._stored())

    async def put(self, mute: Mute) -> None:
        """Mute a service, or replace its mute. Raises StoreError."""
        with redis_errors():
            await self._client.hset(self._key, mute.id, encode(mute.to_json()))

    async def remove(self, *service_ids: str) -> int:
        """End the mutes of these services; returns how many there were. Raises StoreError."""
        with redis_errors():
            return int(await self._client.hdel(self._key, *service_ids))

    async def forget(self, over_at_ms: int) -> int:
        """Remove the mutes that were over at this time; returns how many. Raises StoreError.

        A mute that somebody renews meanwhile stays.
        """
        stored = await self._stored()
        over = [key for key, mute in _parsed(stored).items() if not mute.holds_at(over_at_ms)]
        if not over:
            return 0
        args = [part for key in over for part in (key, stored[key])]
        with redis_errors():
            return int(await self._forget(keys=[self._key], args=args))

    async def _stored(self) -> Mapping[str, str]:
        with redis_errors():
            raw: Mapping[Any, Any] = await self._client.hgetall(self._key)
        return {text(key): text(value) for key, value in raw.items()}


def _parsed(stored: Mapping[str, str]) -> Mapping[str, Mute]:
    return parse_values("mutes", stored, _mute)


def _mute(key: str, value: Mapping[str, Any]) -> Mute:
    """The mute for a field of the hash. Raises KeyError or TypeError if it is malformed."""
    made = Mute(**{item.name: value[item.name] for item in fields(Mute)})
    texts = (made.name, made.context, made.node, made.by, made.note)
    if made.id != key or not all(isinstance(each, str) for each in texts):
        raise TypeError("not a mute")
    if type(made.at) is not int or not (made.until is None or type(made.until) is int):
        raise TypeError("not a mute")
    return made
