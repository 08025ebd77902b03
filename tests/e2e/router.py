"""A real `hero_router web` over a real Redis, and a hand that writes what a test wants."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from hero_router.codec import decode
from hero_router.keys import Keys
from hero_router.model import Change, Status
from hero_router.store.client import connect
from hero_router.store.lease import Lease
from hero_router.store.registry import Registry
from tests.support.ports import free_port
from tests.support.records import gone, put, report
from tests.support.wait import eventually

NODE = "n2"
STATUSES = list(Status)


class Hand:
    """Writes the registry under a lease of its own node, as a scanner does."""

    def __init__(self, redis_url: str, window: int) -> None:
        self._client = connect(redis_url, name="hand")
        self._lease = Lease(self._client, Keys(), NODE, "hand", 600)
        self._registry = Registry(self._client, Keys(), window)
        self._number = 0

    async def begin(self, services: int) -> None:
        """Take the lease and add services `s0`, `s1` …"""
        grant = await self._lease.acquire()
        assert grant is not None
        self._grant = grant
        await self._registry.apply(grant, [], report(node=NODE))
        for index in range(services):
            await self.change(f"s{index}")

    async def change(self, name: str, **fields: Any) -> None:
        """Give a service its next state; the statuses take turns."""
        self._number += 1
        status = STATUSES[self._number % len(STATUSES)]
        await self.write(put(name, self._number, NODE, **{"status": status, **fields}))

    async def remove(self, name: str) -> None:
        """A service leaves."""
        await self.write(gone(name, NODE))

    async def write(self, change: Change) -> None:
        """Write one change of any kind."""
        await self._registry.apply(self._grant, [change])

    async def statuses(self) -> Mapping[str, str]:
        """The truth: each service's status by id, as Redis holds it."""
        raw: Any = await self._client.hgetall(Keys().services)
        return {key.decode(): decode(value)["status"] for key, value in raw.items()}

    async def close(self) -> None:
        """Let go of Redis."""
        await self._client.aclose()


class Web:
    """One `hero_router web` process with one worker."""

    def __init__(self, redis_url: str, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {name: value for name, value in os.environ.items() if "ROUTER" not in name}
        ours = {"ROUTER_PORT": str(self.port), "ROUTER_WORKERS": "1"}
        self._environment = {**clean, **ours, "ROUTER_REDIS_URL": redis_url, **settings}

    async def start(self) -> None:
        """Start and wait until it is ready."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hero_router", "web"),
            env=self._environment,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        await eventually(self._ready, within=20, message="web is ready")

    async def _ready(self) -> bool:
        try:
            async with aiohttp.ClientSession() as asking, asking.get(f"{self.url}/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def kill(self) -> None:
        """SIGKILL to master and workers: no farewell."""
        os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


@asynccontextmanager
async def routing(
    redis_url: str, *, window: int = 1024, services: int = 6, **settings: str
) -> AsyncIterator[tuple[Web, Hand]]:
    """A router with some services in it."""
    hand = Hand(redis_url, window)
    web = Web(redis_url, ROUTER_SSE_BUFFER=str(window), **settings)
    await hand.begin(services)
    await web.start()
    try:
        yield web, hand
    finally:
        await web.kill()
        await hand.close()
