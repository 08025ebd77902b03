"""The queue of webhook messages in Redis, and how far the event stream was read for it.

One sender at a time writes, by a lease of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from hero_router.errors import Fenced
from hero_router.position import Position
from hero_router.store.client import script, text
from hero_router.store.keys import Keys
from hero_router.store.lease import Grant
from hero_router.store.redis_errors import redis_errors

MOST_WAITING = 1000
"""Most messages that wait; beyond that the oldest are dropped."""

FIELDS_AT_ONCE = 500
"""Most fields in one call of the script."""

CURSOR, DROPPED, DROPPED_TOTAL = "cursor", "dropped", "dropped_total"
SENT_AT, FAILED_AT, FAILURE, FAILING_SINCE = "sent_at", "failed_at", "failure", "failing_since"
_SERVICE, _NODE = "service:", "node:"


@dataclass(frozen=True, slots=True)
class WebhookState:
    """What the last sender has written: its position in the event stream, services, lost nodes.

    `services` are JSON texts by service id. `cursor` is None before the first sender.
    """

    cursor: Position | None
    services: Mapping[str, str]
    lost: frozenset[str]


@dataclass(frozen=True, slots=True)
class WebhookStatus:
    """What operators see of the webhook; times are Unix ms by Redis's clock, None for never.

    `has_sender`: a scanner sends now. `waiting` messages wait, and `dropped` were given up since
    the first sender began. `failure` says why the last one failed that did, at `failed_at`;
    `failing_since` is None once the target has taken a message again.
    """

    has_sender: bool
    waiting: int
    dropped: int
    sent_at: int | None
    failed_at: int | None
    failure: str
    failing_since: int | None

    @property
    def is_failing(self) -> bool:
        """Whether there is a sender whose messages the target does not take."""
        return self.has_sender and self.failing_since is not None


class WebhookStore:
    """The queue of messages and the state of the sender."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._state, self._queue = client, keys.webhook, keys.webhook_queue
        self._keys = [keys.webhook_lease, keys.webhook, keys.webhook_queue]
        self._write = script(client, "webhook")

    async def load(self) -> WebhookState:
        """Read the state. Raises StoreError."""
        with redis_errors():
            raw: Mapping[Any, Any] = await self._client.hgetall(self._state)
        fields = {text(name): text(value) for name, value in raw.items()}
        return WebhookState(
            Position.parse(fields.get(CURSOR, "")),
            {
                name.removeprefix(_SERVICE): value
                for name, value in fields.items()
                if name.startswith(_SERVICE)
            },
            frozenset(name.removeprefix(_NODE) for name in fields if name.startswith(_NODE)),
        )

    async def write(
        self,
        grant: Grant,
        cursor: Position,
        services: Mapping[str, str | None],
        nodes: Mapping[str, bool],
        messages: Sequence[str],
    ) -> None:
        """Write changed states and new messages, and last the position up to which they reach.

        `nodes` are those that are newly lost (True) or back (False); a service without a text is
        forgotten. After an error the same call may be repeated: a message may be there twice then.

        Raises Fenced if another sender holds the lease, or another StoreError.
        """
        fields = [(_SERVICE + name, value or "") for name, value in services.items()]
        fields += [(_NODE + name, "lost" if lost else "") for name, lost in nodes.items()]
        while len(fields) > FIELDS_AT_ONCE:
            # Messages go first: without them a state must not say that they were made.
            part, fields = fields[:FIELDS_AT_ONCE], fields[FIELDS_AT_ONCE:]
            await self._step(grant, part, messages)
            messages = ()
        await self._step(grant, [*fields, (CURSOR, str(cursor))], messages)

    async def _step(
        self, grant: Grant, fields: Sequence[tuple[str, str]], messages: Sequence[str]
    ) -> None:
        flat = [part for field in fields for part in field]
        args: list[str | int] = [str(grant), MOST_WAITING, len(fields), *flat, *messages]
        with redis_errors():
            holder = await self._write(keys=self._keys, args=args)
        if holder is not None:
            raise Fenced(f"the webhook's lease is held by {text(holder) or 'nobody'}")

    async def first(self) -> bytes | None:
        """The message that waits longest, None if none waits. Raises StoreError."""
        with redis_errors():
            found: Any = await self._client.lindex(self._queue, 0)
        return found if found is None or isinstance(found, bytes) else str(found).encode()

    async def remove(self, raw: bytes, *, dropped: bool = False) -> None:
        """Remove a message that is none, or is given up (`dropped`). Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.lrem(self._queue, 1, raw)  # type: ignore[arg-type] # bytes are a value too
                if dropped:
                    pipe.hincrby(self._state, DROPPED, 1)
                    pipe.hincrby(self._state, DROPPED_TOTAL, 1)
                await pipe.execute()

    async def sent(self, raw: bytes, now_ms: int) -> None:
        """Remove a message that the target has taken. Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.lrem(self._queue, 1, raw)  # type: ignore[arg-type] # bytes are a value too
                pipe.hset(self._state, SENT_AT, str(now_ms))
                pipe.hdel(self._state, FAILING_SINCE)
                await pipe.execute()

    async def failed(self, reason: str, now_ms: int) -> None:
        """Note that the target has not taken a message, for operators. Raises StoreError."""
        with redis_errors():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hset(self._state, mapping={FAILED_AT: str(now_ms), FAILURE: reason})
                pipe.hsetnx(self._state, FAILING_SINCE, str(now_ms))
                await pipe.execute()

    async def status(self) -> WebhookStatus | None:
        """What operators see; None if no scanner has ever sent webhooks. Raises StoreError."""
        names = [CURSOR, DROPPED_TOTAL, SENT_AT, FAILED_AT, FAILURE, FAILING_SINCE]
        with redis_errors():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.exists(self._keys[0])
                pipe.llen(self._queue)
                pipe.hmget(self._state, names)
                leased, waiting, found = await pipe.execute()
        fields = [None if value is None else text(value) for value in found]
        cursor, dropped, sent_at, failed_at, failure, failing_since = fields
        if not leased and cursor is None:
            return None
        return WebhookStatus(
            has_sender=bool(leased),
            waiting=int(waiting),
            dropped=_number(dropped) or 0,
            sent_at=_number(sent_at),
            failed_at=_number(failed_at),
            failure=failure or "",
            failing_since=_number(failing_since),
        )

    async def dropped(self) -> int:
        """How many dropped messages are not yet reported to the receiver. Raises StoreError."""
        with redis_errors():
            found = await self._client.hget(self._state, DROPPED)
        return int(found) if found and text(found).isdigit() else 0

    async def told_dropped(self, number: int) -> None:
        """Note that so many dropped messages were reported to the receiver. Raises StoreError."""
        with redis_errors():
            await self._client.hincrby(self._state, DROPPED, -number)


def _number(value: str | None) -> int | None:
    """A number of ours in Redis; None for anything else."""
    is_number = value is not None and value.isascii() and value.isdigit() and len(value) < 16
    return int(value) if value is not None and is_number else None
