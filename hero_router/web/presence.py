"""Publishes this worker's clients in Redis, and merges what all workers published.

Every worker publishes every other second, or less often where nothing has changed.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from hero_router.errors import StoreError
from hero_router.feed.feed import Feed
from hero_router.feed.filters import Filter
from hero_router.feed.subscribers import Subscriber, SubscriberState
from hero_router.store.clock import RedisClock
from hero_router.store.presence import LIFETIME_MS, Presence, PresenceEntry
from hero_router.text import clean

log = logging.getLogger(__name__)

PUBLISH_SECONDS = 2.0

REPEAT_SECONDS = LIFETIME_MS / 1000 / 3
"""What has not changed is told again after this long, so that it does not expire."""

MOST_LISTED = 100
"""Clients that a worker names, the furthest behind first; the others are only counted."""

LONGEST_FILTER = 200


class PresencePublisher:
    """Tells of one worker's clients."""

    def __init__(self, feed: Feed, roll: Presence, clock: RedisClock, worker: str) -> None:
        self._feed, self._roll, self._clock, self._worker = feed, roll, clock, worker
        # Taken once, so that the time at which a client came reads the same each time.
        self._began = time.time() - time.monotonic()
        self._told: Mapping[str, Any] | None = None
        self._told_at = 0.0

    async def run(self) -> None:
        """Tell again and again until cancelled, and compare the clocks for whoever measures."""
        while True:
            try:
                await self._clock.ask()
                await self.tell()
            except StoreError as error:
                log.debug("cannot tell of the clients: %s", error)
            await asyncio.sleep(PUBLISH_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 - jitter

    async def tell(self) -> None:
        """Write what is new, or is about to expire. Raises StoreError."""
        summary, now = self._summary(), time.monotonic()
        if summary != self._told or now - self._told_at >= REPEAT_SECONDS:
            await self._roll.publish(self._worker, summary, self._clock.now_ms())
            self._told, self._told_at = summary, now

    async def withdraw(self) -> None:
        """The worker ends: what it told does not stay. Raises StoreError."""
        await self._roll.remove(self._worker)

    def _summary(self) -> dict[str, Any]:
        found = self._feed.subscriber_stats()
        return {
            "states": {state.value: number for state, number in found.states.items()},
            "pending": found.pending,
            "listed": [
                self._entry(client, behind)
                for behind, client in self._feed.most_lagging(MOST_LISTED)
            ],
        }

    def _entry(self, client: Subscriber, behind: int) -> dict[str, Any]:
        parked = client.state is SubscriberState.BLOCKED
        return {
            "address": client.name,
            "state": client.state.value,
            "behind": behind,
            "reason": _reason(client),
            "connected_at": self._unix_ms(client.connected_at),
            "parked_at": self._unix_ms(client.blocked_at) if parked else None,
            "cursor": str(client.cursor),
            "filter": _filter(client.options.filter),
            "conflate": client.options.conflate,
        }

    def _unix_ms(self, monotonic: float) -> int:
        return int((self._began + monotonic) * 1000)


def _reason(client: Subscriber) -> str:
    """Why the client is not up to date; "" where nothing is in its way."""
    if client.state is SubscriberState.BLOCKED:
        return f"its connection takes no more: {client.sink.buffered()} bytes wait"
    return "it knows later events than this worker" if client.state is SubscriberState.AHEAD else ""


def _filter(only: Filter | None) -> str:
    """What the client asked for, in short: it comes from a stranger and may be long."""
    if only is None:
        return ""
    lists = {"types": only.types, "context": only.contexts, "service": only.services}
    parts = [f"{name}={','.join(sorted(values))}" for name, values in lists.items() if values]
    return clean(" ".join(parts), LONGEST_FILTER)


def merged(told: Mapping[str, PresenceEntry], now_ms: int) -> dict[str, Any]:
    """All workers' summaries, with what they make together."""
    states, pending = Counter[str](), 0
    workers = []
    for worker, each in sorted(told.items()):
        states.update(each.summary["states"])
        pending += each.summary["pending"]
        workers.append({"worker": worker, "at": each.published_at, **each.summary})
    return {
        "now": now_ms,
        "clients": states.total(),
        "states": dict(states),
        "pending": pending,
        "workers": workers,
    }
