"""Publishes the list of this worker's clients in Redis, and merges the lists of all workers.

A worker publishes its list every two seconds, or less often while the list does not change.
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
from hero_router.sanitize import clean
from hero_router.store.clock import RedisClock
from hero_router.store.stream_clients import LIFETIME_MS, ClientList, ClientListStore

log = logging.getLogger(__name__)

PUBLISH_SECONDS = 2.0

REPEAT_SECONDS = LIFETIME_MS / 1000 / 3
"""An unchanged list is published again after this time, so that it does not expire."""

MAX_LISTED = 100
"""Maximum number of clients that a worker lists, those furthest behind first; the others are only
counted."""

LONGEST_FILTER = 200

TIMES = ("connected_at", "blocked_at")
"""The fields of a client that are times; None: not now."""


class ClientListPublisher:
    """Publishes the list of one worker's clients."""

    def __init__(self, feed: Feed, lists: ClientListStore, clock: RedisClock, worker: str) -> None:
        self._feed, self._lists, self._clock, self._worker = feed, lists, clock, worker
        self._published: Mapping[str, Any] | None = None
        self._published_at = 0.0

    async def run(self) -> None:
        """Publish the list every two seconds until cancelled; also read Redis's clock."""
        while True:
            try:
                await self._clock.ask()
                await self.publish()
            except StoreError as error:
                log.debug("this worker cannot write its list of stream clients to Redis: %s", error)
            await asyncio.sleep(PUBLISH_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 - jitter

    async def publish(self) -> None:
        """Write the list to Redis if it has changed or will expire soon. Raises StoreError."""
        summary, now = self._summary(), time.monotonic()
        if summary != self._published or now - self._published_at >= REPEAT_SECONDS:
            listed = [self._dated(entry) for entry in summary["listed"]]
            now_ms = self._clock.now_ms()
            await self._lists.publish(self._worker, {**summary, "listed": listed}, now_ms)
            self._published, self._published_at = summary, now

    async def withdraw(self) -> None:
        """Remove this worker's list from Redis, as the worker ends. Raises StoreError."""
        await self._lists.remove(self._worker)

    def _summary(self) -> dict[str, Any]:
        found = self._feed.subscriber_stats()
        return {
            "states": {state.value: number for state, number in found.states.items()},
            "pending": found.pending,
            "listed": [
                self._entry(client, behind)
                for behind, client in self._feed.most_lagging(MAX_LISTED)
            ],
        }

    def _dated(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        """A client with times by Redis's clock.

        That clock is read again and again, so lists are compared with the monotonic times: those do
        not change.
        """
        times = {name: entry[name] for name in TIMES if entry[name] is not None}
        return {**entry, **{name: self._clock.unix_ms(at) for name, at in times.items()}}

    def _entry(self, client: Subscriber, behind: int) -> dict[str, Any]:
        blocked = client.state is SubscriberState.BLOCKED
        return {
            "address": client.name,
            "state": client.state.value,
            "behind": behind,
            "reason": _reason(client),
            "connected_at": client.connected_at,
            "blocked_at": client.blocked_at if blocked else None,
            "cursor": str(client.cursor),
            "filter": _filter(client.options.filter),
            "conflate": client.options.conflate,
        }


def _reason(client: Subscriber) -> str:
    """Why the client may be behind; "" if it is neither BLOCKED nor AHEAD."""
    if client.state is SubscriberState.BLOCKED:
        return f"its connection takes no more bytes: {client.sink.buffered()} are buffered"
    if client.state is SubscriberState.AHEAD:
        return "its position is later than the last event that this worker has read"
    return ""


def _filter(only: Filter | None) -> str:
    """The client's filter as text, cleaned and cut: it may be long or hostile."""
    if only is None:
        return ""
    lists = {"types": only.types, "context": only.contexts, "service": only.services}
    parts = [f"{name}={','.join(sorted(values))}" for name, values in lists.items() if values]
    return clean(" ".join(parts), LONGEST_FILTER)


def merged(entries: Mapping[str, ClientList], now_ms: int) -> dict[str, Any]:
    """The lists of all workers as JSON, with totals. `now_ms` is Unix ms by Redis's clock."""
    states, pending = Counter[str](), 0
    workers = []
    for worker, each in sorted(entries.items()):
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
