"""A worker's web application for tests: the real stores on a fake Redis, the real feed and routes.

Left out are only the process around it and what other tests look at: pages and streams.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from fakeredis import FakeServer

from benchmarks.beside import meanwhile
from hero_router.feed import nodes
from hero_router.feed.feed import Feed
from hero_router.feed.probes import ProbeCache
from hero_router.feed.rescan import ScanCoordinator
from hero_router.feed.timing import StreamTiming
from hero_router.feed.view import StateView
from hero_router.model import Change, NodeState, Record, SocketState, Status, service_id
from hero_router.rpc.methods import RpcMethods
from hero_router.store.commands import ScanRequest, ScanRequests
from hero_router.store.keys import Keys
from hero_router.store.lease import Grant, Lease
from hero_router.store.registry import Registry
from hero_router.store.stream import NodeReader, Stream
from hero_router.web.body import MOST_BYTES, BodyReader
from hero_router.web.middleware import add_headers, guard
from hero_router.web.routes import health, rpc, state
from tests.support.fake_redis import fake_redis
from tests.support.wait import eventually

KEYS = Keys()
WINDOW = 64


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
        tail, self.nodes = fake_redis(self.server), NodeReader(self.client, KEYS)
        self.feed = Feed(
            Stream(tail, KEYS),
            self.nodes,
            window=WINDOW,
            timing=StreamTiming(ping_seconds=15, stall_seconds=60),
            max_delay=0,
            hello_fields=dict,
            now_ms=lambda: 5_000,
        )
        self.state = StateView(self.feed, ProbeCache(self.nodes))
        self.scans = ScanCoordinator(self.feed.mirror, self.feed.scan_replies, self.requests)
        self.methods = RpcMethods(self.feed, self.state, self.scans, "n1/1")

    async def add(self, *records: Record) -> None:
        """Write services as their nodes' scanners do."""
        for item in records:
            change = Change("service_added", item.id, {"service": item.to_json()}, item)
            await self.registry.apply(await self.grant(item.node), [change], report(item.node))

    async def remove(self, item: Record) -> None:
        """Take a service out as its scanner does."""
        data = {"id": item.id, "name": item.name, "node": item.node, "reason": "gone"}
        change = Change("service_removed", item.id, data)
        await self.registry.apply(await self.grant(item.node), [change])

    async def lose(self, node: str, patch: pytest.MonkeyPatch) -> None:
        """End the node's scanner, and wait until the worker has noticed."""
        patch.setattr(nodes, "WATCH_SECONDS", 0.01)
        patch.setattr(nodes, "GRACE_SECONDS", 0.02)
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
        async for request in self.requests.listen():
            self.asked.append(request)
            for node in nodes:
                data = {"node": node, **counts, "requests": [request.id]}
                await self.registry.apply(await self.grant(node), [Change("scan", "", data)])

    def app(self) -> web.Application:
        """The application as the factory makes it, without pages and streams."""
        app = web.Application(middlewares=[guard])
        bodies = BodyReader(2 * MOST_BYTES, seconds=30, silence=10)
        app.add_routes([*state.routes(self.state), *rpc.routes(self.methods, bodies)])
        app.add_routes(health.routes(self.feed, "n1/1"))
        app.on_response_prepare.append(add_headers)
        app.cleanup_ctx.append(self._following)
        return app

    async def _following(self, _: web.Application) -> AsyncIterator[None]:
        async with self.following():
            yield

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Run the worker's feed."""
        async with meanwhile(self.feed.run()):
            yield
