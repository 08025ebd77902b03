"""Reads the stream of events, by blocking reads, and the state of nodes, for the web workers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from hero_router.codec import InvalidJson, decode_trusted
from hero_router.model import Event, NodeState
from hero_router.position import ORIGIN, Position
from hero_router.store.client import script, text
from hero_router.store.keys import READ_BATCH, Keys
from hero_router.store.redis_errors import redis_errors
from hero_router.store.snapshot import Snapshot, SnapshotReader, parse_event, parse_id, read_nodes

BLOCK_SECONDS = 2.0
"""Longest wait of one blocking read; the socket timeout of the connection must be longer."""


class Stream:
    """Reads the stream of events by blocking reads; `client` must be used for nothing else."""

    def __init__(self, client: Redis, keys: Keys, block_seconds: float = BLOCK_SECONDS) -> None:
        self._client, self._key = client, keys.events
        self._block_ms = max(int(block_seconds * 1000), 1)
        self._snapshots = SnapshotReader(client, keys)

    async def load(self) -> Snapshot:
        """Read services, nodes and all kept events in one atomic step. Raises StoreError."""
        return await self._snapshots.read(window=True)

    async def audit(self, after: Position) -> Snapshot:
        """Read services, nodes and the events after a position in one atomic step.

        At most `READ_BATCH` events are read; if there are fewer, the last one is the newest event.
        Raises StoreError.
        """
        return await self._snapshots.read(window=after)

    async def read(self, after: Position) -> list[Event]:
        """Read the next events after a position; waits `block_seconds` for the first one.

        Returns the events, oldest first; an empty list if none came. Redis does not report trimmed
        events, so the caller must check for a gap. Raises StoreError.
        """
        with redis_errors():
            reply: Any = await self._client.xread(
                {self._key: str(after)}, count=READ_BATCH, block=self._block_ms
            )
        return [
            parse_event(raw_id, fields) for _, entries in reply or () for raw_id, fields in entries
        ]

    async def head(self) -> Position:
        """Read the newest position, ORIGIN if there is no stream. Raises StoreError."""
        with redis_errors():
            if not await self._client.exists(self._key):
                return ORIGIN
            info: Any = await self._client.xinfo_stream(self._key)
        return parse_id(text(info["last-generated-id"]))

    async def disconnect(self) -> None:
        """Close the connection to Redis; the next read makes a new one."""
        with redis_errors():
            await self._client.connection_pool.disconnect()


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node: its last node report, and whether a scanner holds its lease."""

    state: NodeState
    leased: bool


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """The newest position in the stream, and the `run_id` of the Redis process."""

    run_id: str
    head: Position


class NodeReader:
    """Reads nodes, probes and the newest position, over connections without blocking reads."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys
        self._status = script(client, "stream_head")

    async def stream_status(self) -> StreamStatus:
        """Read the newest position, and the `run_id` of the Redis process. Raises StoreError."""
        with redis_errors():
            run_id, head = await self._status(keys=[self._keys.events])
        return StreamStatus(text(run_id), parse_id(text(head)))

    async def reconnect(self) -> None:
        """Close all idle connections to Redis; the next call makes a new one. Raises StoreError.

        With Sentinels or a Cluster, a new connection asks for the address of the primary.
        """
        with redis_errors():
            await self._client.connection_pool.disconnect(inuse_connections=False)

    async def list(self) -> dict[str, NodeStatus]:
        """Read all nodes that have a node report, by name. Raises StoreError."""
        with redis_errors():
            raw: Mapping[Any, Any] = await self._client.hgetall(self._keys.nodes)
            states = read_nodes({text(name): text(value) for name, value in raw.items()})
            async with self._client.pipeline(transaction=False) as pipe:
                for name in states:
                    pipe.exists(self._keys.lease(name))
                leases = await pipe.execute()
        pairs = zip(states.items(), leases, strict=True)
        return {name: NodeStatus(state, bool(leased)) for (name, state), leased in pairs}

    async def is_held(self, node: str) -> bool:
        """Whether a scanner holds the lease on a node, even without report. Raises StoreError."""
        with redis_errors():
            return bool(await self._client.exists(self._keys.lease(node)))

    async def probe(self, node: str, service: str) -> Mapping[str, Any] | None:
        """Read the figures of a service's last probe; None if there are none. Raises StoreError."""
        with redis_errors():
            raw = await self._client.hget(self._keys.probes(node), service)
        try:
            results = None if raw is None else decode_trusted(text(raw))
        except InvalidJson:
            return None
        return results if isinstance(results, dict) else None
