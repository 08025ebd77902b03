"""Reads the stream of events, by blocking reads, and the state of nodes, for the web workers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from hero_router.model import Event, NodeState
from hero_router.position import ORIGIN, Position
from hero_router.store.client import script, text
from hero_router.store.keys import READ_BATCH, Keys
from hero_router.store.redis_errors import redis_errors
from hero_router.store.snapshot import (
    Snapshot,
    SnapshotReader,
    parse_event,
    parse_id,
    parse_time,
    read_nodes,
)
from hero_router.strict_json import InvalidJson, decode_trusted

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
    """A node: its last node report, and the scanner that holds its lease ("": none)."""

    state: NodeState
    holder: str = ""

    @property
    def leased(self) -> bool:
        """Whether a scanner holds the node's lease."""
        return self.holder != ""

    @property
    def taken_over(self) -> bool:
        """Whether the report is by an earlier scanner than the one that holds the lease."""
        return self.holder not in ("", self.state.scanner)

    @property
    def reported(self) -> bool:
        """Whether the report is of a scan that the node's current scanner has finished."""
        return self.state.scan > 0 and not self.taken_over


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """The newest position in the stream, and the `run_id` of the Redis process.

    `times` are when events were published (Unix ms by Redis's clock; 0: unknown), by position.
    """

    run_id: str
    head: Position
    times: Mapping[Position, int]


class NodeReader:
    """Reads nodes, probes and the newest position, over connections without blocking reads."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys
        self._status = script(client, "stream_head")

    async def stream_status(self, first: Position, most: int) -> StreamStatus:
        """Read the newest position, `run_id`, and the times of up to `most` events from `first` on.

        Raises StoreError.
        """
        with redis_errors():
            run_id, head, flat = await self._status(
                keys=[self._keys.events], args=[str(first), most]
            )
        pairs = zip(flat[::2], flat[1::2], strict=True)
        times = {parse_id(text(raw_id)): parse_time(text(at)) for raw_id, at in pairs}
        return StreamStatus(text(run_id), parse_id(text(head)), times)

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
            keys = [self._keys.lease(name) for name in states]
            leases: list[Any] = await self._client.mget(keys) if keys else []
        pairs = zip(states.items(), leases, strict=True)
        return {name: NodeStatus(state, _holder(lease)) for (name, state), lease in pairs}

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


def _holder(lease: Any) -> str:
    """The scanner in the value of a lease, `<scanner>:<fencing token>`; "" if there is no lease."""
    value = "" if lease is None else text(lease)
    return value.rpartition(":")[0] or value
