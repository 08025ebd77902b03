"""The product as a target: a real Redis, a real `hero_router web`, published to by the store."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from benchmarks.load.process import START_SECONDS, Child, child
from benchmarks.load.resource_usage import ALL_CORES, LOAD_CORE, SERVER_CORE
from benchmarks.load.workload_definitions import CREATED_MS, NODE, SERVICES, EventWorkload, service
from benchmarks.targets.target import Server
from hero_router import __version__
from hero_router.model import Change, NodeState, Status
from hero_router.position import Position
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect
from hero_router.store.embedded_redis_command import EmbeddedRedis
from hero_router.store.keys import Keys
from hero_router.store.lease import Grant, Lease
from hero_router.store.registry import Registry
from tests.support.ports import free_port

ANSWER_SECONDS = 10.0
"""Longest wait for an answer of a worker that may not be ready yet."""

LEASE_SECONDS = 600.0
"""Longer than any run, so that no renewal disturbs it."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """The running product: its settings, the pid of gunicorn's master, its registry's writer."""

    config: RouterConfig
    master: int
    publisher: "Publisher"

    @property
    def workers(self) -> tuple[int, ...]:
        """The pids of the workers that run now."""
        return tuple(child.pid for child in psutil.Process(self.master).children())


class Product:
    """hero_router with settings of RouterConfig; more than one worker may use all cores."""

    name = "hero_router"

    def __init__(self, **settings: Any) -> None:
        self._settings: dict[str, Any] = {"workers": 1, **settings}

    @asynccontextmanager
    async def start(self, scenario: EventWorkload) -> AsyncIterator[Server]:
        """Run it with one publisher of the scenario. Raises Broken."""
        async with self.deployed() as it:

            async def publish(numbers: Sequence[int]) -> None:
                await it.publisher.publish([scenario.change(number) for number in numbers])

            yield Server(it.workers, it.config.web.port, it.publisher.head, publish)

    @asynccontextmanager
    async def deployed(self) -> AsyncIterator[Deployment]:
        """Run Redis and web as processes of their own. Raises Broken."""
        async with private_redis() as url:
            config = RouterConfig.of(redis_url=url, node=NODE, port=free_port(), **self._settings)
            async with self._web(config) as master, publisher(config) as writer:
                await writer.begin()
                yield Deployment(config, master, writer)

    @asynccontextmanager
    async def _web(self, config: RouterConfig) -> AsyncIterator[int]:
        """The web process; gives its pid."""
        command = [sys.executable, "-m", "hero_router", "web"]
        core = SERVER_CORE if config.web.workers == 1 else ALL_CORES
        async with child(command, core=core, environment=config.environment()) as process:
            await until(lambda: _are_ready(config), process)
            yield process.pid


@asynccontextmanager
async def private_redis(*options: str) -> AsyncIterator[str]:
    """A Redis of our own on the load's core, with options; gives its URL. Raises Broken."""
    with tempfile.TemporaryDirectory(prefix="hero_router-bench-") as folder:
        redis = EmbeddedRedis(Path(folder))
        async with child([*redis.command(), *options], core=LOAD_CORE) as server:
            await until(redis.answers, server)
            yield redis.url


class Publisher:
    """Writes to the registry as a scanner does, under a lease."""

    def __init__(self, registry: Registry, grant: Grant) -> None:
        self._registry, self._grant = registry, grant
        self.head = Position(0, 0)

    async def begin(self) -> None:
        """Add the services, and report once."""
        records = [service(number, Status.HEALTHY, CREATED_MS) for number in range(SERVICES)]
        added = [Change("service_added", item.id, {}, item) for item in records]
        now = int(time.time() * 1000)
        report = NodeState(NODE, "bench", 1, now, 1, SERVICES, SERVICES, __version__)
        self.head = await self._registry.apply(self._grant, added, report)

    async def publish(self, changes: Sequence[Change]) -> None:
        """Write one batch."""
        await self._registry.apply(self._grant, changes)


@asynccontextmanager
async def publisher(config: RouterConfig) -> AsyncIterator[Publisher]:
    """A writer of the registry of these settings, with the lease of the node."""
    client = connect(config.redis.url, name="bench")
    try:
        grant = await Lease(
            client, Keys(config.redis.prefix), NODE, "bench", LEASE_SECONDS
        ).acquire()
        assert grant is not None, "nobody else knows this Redis"
        yield Publisher(Registry(client, Keys(config.redis.prefix), config.stream.window), grant)
    finally:
        await client.aclose()


async def _are_ready(config: RouterConfig) -> bool:
    """Whether every worker is ready; the metrics of any worker count all."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://127.0.0.1:{config.web.port}/metrics") as answer,
        ):
            return f"\nhero_router_workers_ready {config.web.workers}.0\n" in await answer.text()
    except (aiohttp.ClientError, TimeoutError):
        return False


async def until(ready: Callable[[], Awaitable[bool]], process: Child) -> None:
    """Poll until a process is ready. Raises Broken when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not await ready():
        if not process.running or time.monotonic() > deadline:
            raise process.broken("is not ready")
        await asyncio.sleep(0.1)
