"""The list of addresses that may connect, kept in Redis so that all web workers share it."""

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from hero_router.errors import StoreCorrupt
from hero_router.sanitize import clean
from hero_router.settings.networks import Network
from hero_router.store.client import text
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import delete_command, redis_errors
from hero_router.store.snapshot import parse_values
from hero_router.strict_json import encode

REVISION = "revision"
"""The field of the hash that each change replaces; all other fields are networks."""

MAX_NOTE = 200
"""Maximum number of characters of a note."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the list: since when (Unix ms, by Redis's clock), and why."""

    network: Network
    added_at: int
    note: str


class AllowList:
    """The addresses and networks that operators have added while the router runs.

    A worker asks for the `revision` often, and for the `entries` only if the revision differs from
    the one that it has read before.
    """

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._key = client, keys.allow

    async def revision(self) -> int:
        """A number that differs after each change; 0 if the list is empty or Redis lost it.

        It is random, not counted: if Redis loses its last writes, a counter would later give the
        same number to another list. Raises StoreError.
        """
        with redis_errors():
            found = await self._client.hget(self._key, REVISION)
        try:
            return int(found or 0)
        except ValueError:
            raise StoreCorrupt(
                "the list of allowed addresses in Redis has a revision that hero_router did not "
                f"write; `{delete_command(self._key)}` clears the list"
            ) from None

    async def entries(self) -> list[Entry]:
        """All entries, IPv4 first, by network; what hero_router did not write is left out.

        Raises StoreError.
        """
        with redis_errors():
            found: Any = await self._client.hgetall(self._key)
        texts = {text(name): text(raw) for name, raw in found.items()}
        texts.pop(REVISION, None)
        entries = parse_values("allow", texts, _entry)
        return sorted(entries.values(), key=lambda item: _order(item.network))

    async def add(self, network: Network, note: str = "") -> bool:
        """Add a network, or replace its note; False if it was on the list before.

        Raises StoreError.
        """
        clock = RedisClock(self._client)
        await clock.ask()
        value = encode({"at": clock.now_ms(), "note": clean(note, MAX_NOTE)})
        with redis_errors():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hset(self._key, str(network), value)
                pipe.hset(self._key, REVISION, _new_revision())
                added, _ = await pipe.execute()
        return bool(added)

    async def remove(self, network: Network) -> bool:
        """Remove a network; False if it was not on the list. Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hdel(self._key, str(network))
                pipe.hset(self._key, REVISION, _new_revision())
                removed, _ = await pipe.execute()
        return bool(removed)

    async def clear(self) -> int:
        """Remove all networks; returns their number. Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hdel(self._key, REVISION)
                pipe.hlen(self._key)
                pipe.delete(self._key)
                _, number, _ = await pipe.execute()
        return int(number)


def _new_revision() -> int:
    return secrets.randbits(62) | 1  # never 0


def _entry(key: str, value: Mapping[str, Any]) -> Entry:
    """The entry for a field of the hash. Raises ValueError or TypeError if it is malformed."""
    at, note = value["at"], value["note"]
    if type(at) is not int or not isinstance(note, str):
        raise TypeError("not an entry")
    return Entry(ipaddress.ip_network(key), at, note)


def _order(network: Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen
