"""A worker's web application for tests: the product's own parts and routes, on a fake Redis.

Left out is only the process around it.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from fakeredis import FakeServer
from pytest_aiohttp.plugin import AiohttpClient

from hero_router.feed import node_monitor
from hero_router.model import Change, NodeState, Record, SocketState, Status, service_id
from hero_router.settings.config import RouterConfig
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.store.lease import Grant, Lease
from hero_router.store.registry import Registry
from hero_router.store.scan_requests import ScanRequest, ScanRequests
from hero_router.store.stream_reader import NodeReader, Stream
from hero_router.web.app import create_app
from hero_router.web.worker_parts import RedisClients, make_parts
from tests.support.background import meanwhile
from tests.support.fake_redis import fake_redis
from tests.support.wait import eventually

Client = TestClient[Any, Any]

KEYS = Keys()
WINDOW = 64
NOW_MS = 5_000

CONFIG = RouterConfig.of(
    redis_url="redis://fake:6379/0", sse_buffer=WINDOW, sse_flush_ms=1, node="n1"
)


class StoppedClock(RedisClock):
    """Redis's clock, at one moment."""

    def now_ms(self) -> int:
        """Always the same."""
        return NOW_MS


def record(name: str, *, context: str = "default", node: str = "n1", **changes: Any) -> Record:
    """A healthy service with one socket, or one with these changes."""
    path = f"{name}/rpc.sock"
    values: dict[str, Any] = {
        "status": Status.HEALTHY,
        "reason": "",
        "first_seen": 1,
        "changed_at": 2,
        "sockets": (SocketState("rpc", "rpc", path, Status.HEALTHY, 1.5),),
        "socket_path": path,
        **changes,
    }
    return Record(service_id(node, context, name), name, context, node, **values)


def report(node: str) -> NodeState:
    """A node's report as its scanner writes it."""
    return NodeState(node, "scanner", 1, 1_000, 3, 1, 1, "0.1.0")


class World:
    """One fake Redis, the scanners' side of it, and one worker that follows it."""

    def __init__(self, server: FakeServer | None = None) -> None:
        self.server = server or FakeServer()
        self.client = fake_redis(self.server)
        self.registry = Registry(self.client, KEYS, WINDOW)
        self.requests = ScanRequests(self.client, KEYS)
        self.grants: dict[str, Grant] = {}
        self.asked: list[ScanRequest] = []
        self.nodes = NodeReader(self.client, KEYS)
        clients = RedisClients(*(fake_redis(self.server) for _ in range(3)))
        self.parts = make_parts(CONFIG, clients, StoppedClock(clients.web))
        self.feed, self.state = self.parts.feed, self.parts.state

    async def add(self, *records: Record) -> None:
        """Write services as their nodes' scanners do."""
        for item in records:
            change = Change("service_added", item.id, {}, item)
            await self.registry.apply(await self.grant(item.node), [change], report(item.node))

    async def remove(self, item: Record) -> None:
        """Take a service out as its scanner does."""
        names = {"name": item.name, "context": item.context, "node": item.node}
        data = {"id": item.id, **names, "reason": "gone"}
        change = Change("service_removed", item.id, data)
        await self.registry.apply(await self.grant(item.node), [change])

    async def lose(self, node: str, patch: pytest.MonkeyPatch) -> None:
        """End the node's scanner, and wait until the worker has noticed."""
        patch.setattr(node_monitor, "WATCH_SECONDS", 0.01)
        patch.setattr(node_monitor, "GRACE_SECONDS", 0.02)
        await self.client.delete(KEYS.lease(node))
        await eventually(
            lambda: node in self.feed.mirror.lost, message=f"{node} is not noticed as lost"
        )

    async def grant(self, node: str) -> Grant:
        """The node's lease, taken when first needed."""
        if node not in self.grants:
            taken = await Lease(self.client, KEYS, node, f"scanner-{node}", 1000).acquire()
            assert taken is not None
            self.grants[node] = taken
        return self.grants[node]

    async def caught_up(self) -> None:
        """Wait until the worker is at the stream's head."""
        head = await Stream(self.client, KEYS).head()
        await eventually(
            lambda: self.feed.mirror.head == head, message="the worker did not catch up"
        )

    async def started_without_redis(self, aiohttp_client: AiohttpClient) -> Client:
        """A client of a worker that could not load anything, and has noticed it."""
        self.server.connected = False
        client = await aiohttp_client(self.app())
        await eventually(lambda: bool(self.feed.conditions.current), message="it is noticed")
        return client

    @asynccontextmanager
    async def scanners(self, nodes: Iterable[str], **counts: int) -> AsyncIterator[None]:
        """Scanners that answer each request with these counts, one event per node."""
        async with meanwhile(self._answer(tuple(nodes), counts)):
            heard: bool = await eventually(self._heard, message="the scanners do not listen")
            assert heard
            yield

    async def _heard(self) -> bool:
        ((_, number),) = await self.client.pubsub_numsub(KEYS.requests)
        return bool(number)

    async def _answer(self, nodes: tuple[str, ...], counts: Mapping[str, int]) -> None:
        async for request in self.requests.listen(lambda: None):
            self.asked.append(request)
            for node in nodes:
                data = {"node": node, **counts, "requests": [request.id]}
                await self.registry.apply(await self.grant(node), [Change("scan", "", data)])

    def app(self) -> web.Application:
        """The worker's application, which follows Redis while it runs."""
        return create_app(self.parts)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Run the worker's feed."""
        async with meanwhile(self.feed.run()):
            yield
