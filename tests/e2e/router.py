"""A real `hero_router web` over a real Redis, and a hand that writes what a test wants."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.support.hand import Hand
from tests.support.ports import free_port
from tests.support.wait import eventually


class Web:
    """One `hero_router web` process with one worker."""

    def __init__(self, redis_url: str, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {name: value for name, value in os.environ.items() if "ROUTER" not in name}
        ours = {"ROUTER_PORT": str(self.port), "ROUTER_WORKERS": "1"}
        self._environment = {**clean, **ours, "ROUTER_REDIS_URL": redis_url, **settings}

    async def start(self, answers: str = "/ready") -> None:
        """Start and wait until it answers here with 200."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hero_router", "web"),
            env=self._environment,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

        async def is_up() -> bool:
            return await self.status(answers) == 200

        await eventually(is_up, message=f"web answers at {answers}")

    async def status(self, path: str) -> int:
        """The status of an answer, 0 where there is none."""
        try:
            async with aiohttp.ClientSession() as asking, asking.get(f"{self.url}{path}") as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0

    async def text(self, path: str) -> tuple[int, str]:
        """The status and the text of an answer."""
        async with aiohttp.ClientSession() as asking, asking.get(f"{self.url}{path}") as answer:
            return answer.status, await answer.text()

    async def metrics(self, of: str) -> dict[str, float]:
        """The metrics `hero_router_<of>_…` without labels, by the rest of their names."""
        _, text = await self.text("/metrics")
        found = re.findall(rf"^hero_router_{of}_(\w+) (\S+)$", text, re.MULTILINE)
        return {name: float(value) for name, value in found}

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
