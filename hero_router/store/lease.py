"""The lease on a node: only the scanner that holds it can write, by a fencing token."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from redis.asyncio import Redis

from hero_router.errors import StoreCorrupt
from hero_router.position import Position
from hero_router.sanitize import clean
from hero_router.store.client import script, text
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import delete_command, redis_errors
from hero_router.store.snapshot import parse_id

NO_EXPIRY = -1
"""Redis's answer for a key that never expires."""

LONGEST_HOLDER = 60
"""Maximum number of characters that a message quotes of a lease that hero_router did not write."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to write for a node, with a fencing token larger than that of any earlier grant.

    `call_numbers` numbers the writes under this grant, so that Redis can refuse a delayed write.
    """

    node: str
    scanner: str
    token: int
    call_numbers: Iterator[int] = field(default_factory=count)

    def __str__(self) -> str:
        return f"{self.scanner}:{self.token}"


class Lease:
    """The lease on one node, for one scanner process. Each answer of Redis also sets the clock.

    `key` makes it another lease, such as that of the webhook's sender.
    """

    def __init__(
        self,
        client: Redis,
        keys: Keys,
        node: str,
        scanner: str,
        seconds: float,
        key: str | None = None,
    ) -> None:
        self._key, self._meta = key or keys.lease(node), keys.meta
        self._events = keys.events
        self._node, self._scanner = node, scanner
        self._lifetime_ms = int(seconds * 1000)
        self._acquire, self._renew = script(client, "acquire"), script(client, "renew")
        self._clock = RedisClock(client)

    async def acquire(self) -> Grant | None:
        """Take the lease; None while another scanner holds it.

        Raises:
            StoreCorrupt: the lease never expires, so hero_router did not write it.
            StoreError: Redis cannot be reached or refuses the call.
        """
        asked = time.monotonic()
        with redis_errors():
            token, now, *held = await self._acquire(
                keys=[self._key, self._meta], args=[self._scanner, self._lifetime_ms]
            )
        self._clock.set(int(now) / 1000, asked)
        if token:
            return Grant(self._node, self._scanner, int(token))
        holder, lifetime_ms = held
        if lifetime_ms == NO_EXPIRY:
            raise StoreCorrupt(
                f"the lease on node {self._node} never ends, so no scanner can take it: "
                f"{self._key} holds {clean(text(holder), LONGEST_HOLDER)!r}; delete it: "
                f"{delete_command(self._key)}"
            )
        return None

    async def renew(self, grant: Grant) -> Position | None:
        """Renew the lease; returns the newest position in the stream of events, None if it is lost.

        ORIGIN if there is no stream. Raises StoreError.
        """
        return await self._expire_in(self._lifetime_ms, grant)

    async def release(self, grant: Grant) -> None:
        """Give the lease up, so that another scanner can take it at once. Raises StoreError."""
        await self._expire_in(0, grant)

    async def _expire_in(self, lifetime_ms: int, grant: Grant) -> Position | None:
        asked = time.monotonic()
        with redis_errors():
            held, now, head = await self._renew(
                keys=[self._key, self._events], args=[str(grant), lifetime_ms]
            )
        self._clock.set(int(now) / 1000, asked)
        return parse_id(text(head)) if held else None

    def now_ms(self) -> int:
        """Redis's time now in Unix milliseconds."""
        return self._clock.now_ms()
