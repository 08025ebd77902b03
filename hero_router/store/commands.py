"""What workers ask of scanners ("scan now"), over one pub/sub channel; nothing is kept."""

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
"""A channel that is quiet for this long is pinged, so that a dead connection is noticed."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One wish: `kind` "scan", an `id` that the answer will carry, and one node or all (None)."""

    kind: str
    id: str
    node: str | None = None


class ScanRequests:
    """The channel from workers to scanners."""

    def __init__(self, client: Redis, keys: Keys, idle_seconds: float = IDLE_SECONDS) -> None:
        self._client, self._channel = client, keys.requests
        self._idle_seconds = idle_seconds

    async def ask(self, request: ScanRequest) -> int:
        """Send the request; returns how many scanners heard it. Raises StoreError."""
        with redis_errors():
            return int(await self._client.publish(self._channel, encode(asdict(request))))

    async def listen(self) -> AsyncIterator[ScanRequest]:
        """Requests as they come. Raises StoreError when the connection is lost."""
        with redis_errors():
            async with self._client.pubsub() as channel:
                with redis_errors():  # by itself, as below
                    await channel.subscribe(self._channel)
                async for message in _messages(channel, self._idle_seconds):
                    if (request := _read(message)) is not None:
                        yield request


async def _messages(channel: PubSub, idle_seconds: float) -> AsyncIterator[Mapping[str, Any]]:
    """Whatever the channel says; raises StoreUnreachable when it does not even answer a ping."""
    pinged = False
    while True:
        with (
            redis_errors()
        ):  # each call by itself: one that is cancelled must not go on to the next
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
    """The request in a message; None for acknowledgements and for what is not ours."""
    if message["type"] != "message":
        return None
    try:
        value = decode(message["data"])
        kind, name, node = value["kind"], value["id"], value.get("node")
    except (InvalidJson, KeyError, TypeError, AttributeError):
        return None
    ours = isinstance(kind, str) and isinstance(name, str) and isinstance(node, str | None)
    return ScanRequest(kind, name, node) if ours else None
