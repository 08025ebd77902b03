"""The lease on a node: one scanner writes, the others stand by, and a late one is fenced off."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from redis.asyncio import Redis

from hero_router.errors import StoreCorrupt
from hero_router.store.client import redis_errors, remedy, script, text
from hero_router.store.keys import Keys
from hero_router.text import clean

FOR_EVER = -1
"""Redis's word for a key without a lifetime."""

LONGEST_HOLDER = 60
"""So much is told of what a stranger wrote."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to write for a node, under a fencing token that grows with each taking.

    `calls` numbers the calls made under it, so that one that arrives late is told from a new one.
    """

    node: str
    scanner: str
    token: int
    call_numbers: Iterator[int] = field(default_factory=lambda: count(1), compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.scanner}:{self.token}"


class Lease:
    """The lease of one node as one scanner process sees it."""

    def __init__(self, client: Redis, keys: Keys, node: str, scanner: str, seconds: float) -> None:
        self._key, self._meta = keys.lease(node), keys.meta
        self._node, self._scanner = node, scanner
        self._lifetime_ms = int(seconds * 1000)
        self._acquire, self._renew = script(client, "acquire"), script(client, "renew")
        self._redis_ms, self._taken_at = int(time.time() * 1000), time.monotonic()

    async def acquire(self) -> Grant | None:
        """Take the lease, or None while another scanner holds it.

        Raises StoreError, and StoreCorrupt where a foreign hand made it last for ever: no scanner
        of ours does.
        """
        with redis_errors():
            token, now, *held = await self._acquire(
                keys=[self._key, self._meta], args=[self._scanner, self._lifetime_ms]
            )
        self._set_clock(int(now))
        if token:
            return Grant(self._node, self._scanner, int(token))
        holder, lifetime_ms = held
        if lifetime_ms == FOR_EVER:
            raise StoreCorrupt(
                f"the lease on node {self._node} never ends, so no scanner can take it: "
                f"{self._key} holds {clean(text(holder), LONGEST_HOLDER)!r}; take it away: "
                f"{remedy(self._key)}"
            )
        return None

    async def renew(self, grant: Grant) -> bool:
        """Prolong the lease; False when it is lost. Raises StoreError."""
        return await self._prolong(grant, self._lifetime_ms)

    async def release(self, grant: Grant) -> None:
        """Give the lease up, so that another scanner need not wait. Raises StoreError."""
        await self._prolong(grant, 0)

    async def _prolong(self, grant: Grant, lifetime_ms: int) -> bool:
        with redis_errors():
            held, now = await self._renew(keys=[self._key], args=[str(grant), lifetime_ms])
        self._set_clock(int(now))
        return bool(held)

    def _set_clock(self, redis_ms: int) -> None:
        self._redis_ms, self._taken_at = redis_ms, time.monotonic()

    def now_ms(self) -> int:
        """Unix milliseconds by Redis's clock, carried on by this machine's monotonic clock."""
        return self._redis_ms + int((time.monotonic() - self._taken_at) * 1000)
