"""Sends scan requests from web workers to scanners, over a pub/sub channel that stores nothing."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from hero_router.errors import StoreUnreachable
from hero_router.store.keys import Keys
from hero_router.store.redis_errors import redis_errors
from hero_router.strict_json import InvalidJson, decode, encode

IDLE_SECONDS = 5.0
"""Time without a message after which the connection is pinged, to notice that it is dead."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """A request for a scan: `kind` is "scan"; `node` names one node, None means all nodes.

    The `scan` event that answers the request repeats its `id`.
    """

    kind: str
    id: str
    node: str | None = None


class ScanRequests:
    """The pub/sub channel for scan requests."""

    def __init__(self, client: Redis, keys: Keys, idle_seconds: float = IDLE_SECONDS) -> None:
        self._client, self._channel = client, keys.requests
        self._idle_seconds = idle_seconds

    async def send(self, request: ScanRequest) -> int:
        """Send a scan request; returns the number of scanners that got it. Raises StoreError."""
        with redis_errors():
            return int(await self._client.publish(self._channel, encode(asdict(request))))

    async def listen(self, subscribed: Callable[[], None]) -> AsyncIterator[ScanRequest]:
        """Yield scan requests as they arrive; calls `subscribed` when none is lost from then on.

        Raises StoreError if the connection is lost.
        """
        with redis_errors():
            async with self._client.pubsub() as channel:
                # An inner block: a lost cancellation must be raised before the loop begins.
                with redis_errors():
                    await channel.subscribe(self._channel)
                async for message in _messages(channel, self._idle_seconds):
                    if message["type"] == "subscribe":
                        subscribed()
                    if (request := _read(message)) is not None:
                        yield request


async def _messages(channel: PubSub, idle_seconds: float) -> AsyncIterator[Mapping[str, Any]]:
    """Yield all messages of the channel. Raises StoreUnreachable if a ping gets no answer."""
    pinged = False
    while True:
        with redis_errors():  # a block for each call, as in `listen`
            message = await channel.get_message(timeout=idle_seconds)
        if message is not None:
            pinged = False
            yield message
        elif pinged:
            raise StoreUnreachable("Redis did not answer in time")
        else:
            with redis_errors():
                await channel.ping()
            pinged = True


def _read(message: Mapping[str, Any]) -> ScanRequest | None:
    """The scan request in a message; None if the message holds no valid request."""
    if message["type"] != "message":
        return None
    try:
        value = decode(message["data"])
        kind, name, node = value["kind"], value["id"], value.get("node")
    except (InvalidJson, KeyError, TypeError, AttributeError):
        return None
    ours = isinstance(kind, str) and isinstance(name, str) and isinstance(node, str | None)
    return ScanRequest(kind, name, node) if ours else None
