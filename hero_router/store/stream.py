"""The stream as a worker follows it: one start from a snapshot, then blocking reads; no writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from hero_router.codec import InvalidJson, decode_trusted
from hero_router.model import Event, NodeState
from hero_router.position import ORIGIN, Position
from hero_router.store.client import script, text
from hero_router.store.keys import READ_BATCH, Keys
from hero_router.store.snapshot import Snapshot, SnapshotReader, event, parse_id, read_nodes
from hero_router.store.translate import redis_errors

BLOCK_SECONDS = 2.0
"""Longest wait of one blocking read; the connection's socket timeout must lie above it."""


class Stream:
    """The worker's one blocking connection. `client` serves nothing else."""

    def __init__(self, client: Redis, keys: Keys, block_seconds: float = BLOCK_SECONDS) -> None:
        self._client, self._key = client, keys.events
        self._block_ms = max(int(block_seconds * 1000), 1)
        self._snapshots = SnapshotReader(client, keys)

    async def load(self) -> Snapshot:
        """Registry, nodes and window as of one moment. Raises StoreError."""
        return await self._snapshots.read(window=True)

    async def audit(self, after: Position) -> Snapshot:
        """Registry and nodes, and the next events after a position, as of one moment.

        With these events, if they are all, whoever stood there is at the snapshot's head. Raises
        StoreError.
        """
        return await self._snapshots.read(window=after)

    async def read(self, after: Position) -> list[Event]:
        """The next events after a position, oldest first; empty when none came for a while.

        Redis says nothing of trimmed events: the caller must look for a jump. Raises StoreError.
        """
        with redis_errors():
            reply: Any = await self._client.xread(
                {self._key: str(after)}, count=READ_BATCH, block=self._block_ms
            )
        return [event(raw_id, fields) for _, entries in reply or () for raw_id, fields in entries]

    async def head(self) -> Position:
        """The stream's last position now, ORIGIN if there is no stream. Raises StoreError."""
        with redis_errors():
            if not await self._client.exists(self._key):
                return ORIGIN
            info: Any = await self._client.xinfo_stream(self._key)
        return parse_id(text(info["last-generated-id"]))

    async def drop(self) -> None:
        """Close the connection, so that the next read begins with a new one."""
        with redis_errors():
            await self._client.connection_pool.disconnect()


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node as a worker sees it: its last report, and whether a scanner holds its lease."""

    state: NodeState
    leased: bool


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """Where the stream stands, and in which Redis process."""

    run_id: str
    head: Position


class NodeReader:
    """Reads about nodes and probes, over a connection that does not block."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys
        self._look = script(client, "look")

    async def place(self) -> StreamStatus:
        """Where the stream stands as this connection sees it. Raises StoreError."""
        with redis_errors():
            run_id, head = await self._look(keys=[self._keys.events])
        return StreamStatus(text(run_id), parse_id(text(head)))

    async def renew(self) -> None:
        """Close connections that nobody uses now: the next ones are made anew. Raises StoreError.

        Behind Sentinels or in a Cluster that asks where the primary is.
        """
        with redis_errors():
            await self._client.connection_pool.disconnect(inuse_connections=False)

    async def list(self) -> dict[str, NodeStatus]:
        """All nodes that ever reported, by name. Raises StoreError."""
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
        """Whether a scanner holds the node's lease, reported or not. Raises StoreError."""
        with redis_errors():
            return bool(await self._client.exists(self._keys.lease(node)))

    async def probe(self, node: str, service: str) -> Mapping[str, Any] | None:
        """The figures of a service's last probe, or None. Raises StoreError."""
        with redis_errors():
            raw = await self._client.hget(self._keys.probes(node), service)
        try:
            figures = None if raw is None else decode_trusted(text(raw))
        except InvalidJson:
            return None
        return figures if isinstance(figures, dict) else None
