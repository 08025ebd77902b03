"""Requests of workers to scanners ("scan now") over one pub/sub channel; none is stored."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from hero_router.codec import InvalidJson, decode, encode
from hero_router.errors import StoreUnreachable
from hero_router.store.keys import Keys
from hero_router.store.translate import redis_errors

IDLE_SECONDS = 5.0
"""A channel without messages is pinged after this time, to notice a dead connection."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """A request: `kind` is "scan", the reply carries `id`, `node` is one node or None for all."""

    kind: str
    id: str
    node: str | None = None


class ScanRequests:
    """The channel from workers to scanners."""

    def __init__(self, client: Redis, keys: Keys, idle_seconds: float = IDLE_SECONDS) -> None:
        self._client, self._channel = client, keys.requests
        self._idle_seconds = idle_seconds

    async def send(self, request: ScanRequest) -> int:
        """Send the request. Returns how many scanners received it. Raises StoreError."""
        with redis_errors():
            return int(await self._client.publish(self._channel, encode(asdict(request))))

    async def listen(self) -> AsyncIterator[ScanRequest]:
        """The requests as they arrive. Raises StoreError if the connection is lost."""
        with redis_errors():
            async with self._client.pubsub() as channel:
                # A block of its own: a cancellation that is lost here must not reach the loop.
                with redis_errors():
                    await channel.subscribe(self._channel)
                async for message in _messages(channel, self._idle_seconds):
                    if (request := _read(message)) is not None:
                        yield request


async def _messages(channel: PubSub, idle_seconds: float) -> AsyncIterator[Mapping[str, Any]]:
    """All messages of the channel. Raises StoreUnreachable if a ping gets no answer."""
    pinged = False
    while True:
        with redis_errors():  # a block of its own for each call, as in `listen`
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
    """The request in a message; None for acknowledgements and foreign messages."""
    if message["type"] != "message":
        return None
    try:
        value = decode(message["data"])
        kind, name, node = value["kind"], value["id"], value.get("node")
    except (InvalidJson, KeyError, TypeError, AttributeError):
        return None
    ours = isinstance(kind, str) and isinstance(name, str) and isinstance(node, str | None)
    return ScanRequest(kind, name, node) if ours else None
