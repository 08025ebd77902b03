"""The servers on which the contract is tested, and all stores on one of them."""

from collections.abc import Mapping
from typing import Any, Protocol

from fakeredis import FakeServer
from redis.asyncio import Redis

from hero_router.model import Event
from hero_router.position import Position
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.lease import Grant, Lease
from hero_router.store.registry import Registry
from hero_router.store.scan_requests import ScanRequests
from hero_router.store.stream_reader import NodeReader, Stream
from tests.support.fake_redis import fake_redis
from tests.support.proxy import FaultProxy
from tests.support.records import NODE
from tests.support.redis import RedisServer

KEYS = Keys()
WINDOW = 8
BLOCK_SECONDS = 0.05


class Backend(Protocol):
    """A server that the stores run on."""

    def client(self) -> Redis:
        """A new client."""

    def restart(self) -> None:
        """Another process on the same data."""


class RealBackend:
    """A real server; clients are made as in production, or connect through a proxy."""

    def __init__(self, server: RedisServer, proxy: FaultProxy | None = None) -> None:
        self.server = server
        self._url = server.url if proxy is None else f"unix://{proxy.path}"

    def client(self) -> Redis:
        """A new client with connections of its own."""
        return connect(self._url, name="test", block_seconds=BLOCK_SECONDS)

    def restart(self) -> None:
        """Kill -9 and start on what is on disk."""
        self.server.restart()


class FakeBackend:
    """fakeredis with Lua: no process, so a restart is only another `run_id`."""

    def __init__(self) -> None:
        self._server = FakeServer()
        self._runs = 0

    def client(self) -> Redis:
        """A new client of the same server."""
        return fake_redis(self._server)

    def restart(self) -> None:
        """The data stay, the `run_id` does not."""
        self._runs += 1
        self._server.run_id = f"{self._runs:040x}"  # type: ignore[attr-defined] # read by INFO


class Store:
    """All stores on one backend, and a raw client to inspect it."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._clients: list[Redis] = []
        self.raw = self.client()
        self.registry = self.writer()
        self.nodes = NodeReader(self.raw, KEYS)
        self.requests = ScanRequests(self.raw, KEYS, idle_seconds=BLOCK_SECONDS)
        self.stream = Stream(self.client(), KEYS, BLOCK_SECONDS)

    def client(self) -> Redis:
        """A new client, closed with the store."""
        self._clients.append(self.backend.client())
        return self._clients[-1]

    def writer(self, window: int = WINDOW) -> Registry:
        """A registry that remembers nothing yet."""
        return Registry(self.raw, KEYS, window)

    def lease(self, scanner: str = "s1", node: str = NODE, seconds: float = 60) -> Lease:
        """The lease of a node for one scanner."""
        return Lease(self.raw, KEYS, node, scanner, seconds)

    async def grant(self, scanner: str = "s1", node: str = NODE, seconds: float = 60) -> Grant:
        """Take the lease."""
        grant = await self.lease(scanner, node, seconds).acquire()
        assert grant is not None, f"the lease on {node} is held by another scanner"
        return grant

    async def restart(self) -> None:
        """Another process on the same data; clients connect anew when they are used."""
        self.backend.restart()
        for client in self._clients:
            await client.connection_pool.disconnect()

    async def window(self) -> tuple[Event, ...]:
        """The events that the stream holds, read as a worker does."""
        return (await self.stream.load()).window

    async def positions(self) -> list[Position]:
        """The positions of these events."""
        return [event.position for event in await self.window()]

    async def records(self) -> Mapping[str, str]:
        """The registry by service id, as JSON text."""
        services = (await self.stream.load()).services
        assert services is not None
        return services

    async def contents(self) -> dict[str, Any]:
        """Everything that the server holds, except how long leases still live."""
        raw: Any = self.raw
        readers = {
            b"hash": raw.hgetall,
            b"stream": raw.xrange,
            b"string": raw.get,
            b"list": lambda name: raw.lrange(name, 0, -1),
        }
        return {
            name.decode(): await readers[await raw.type(name)](name)
            for name in sorted(await raw.keys("*"))
        }

    async def close(self) -> None:
        """Close all clients."""
        for client in self._clients:
            await client.aclose()
