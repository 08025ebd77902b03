"""What `serve` says of itself: where it listens, and from when on it can tell the truth."""

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import aiohttp

from hero_router.errors import StoreError
from hero_router.settings.config import RouterConfig
from hero_router.store.client import Redis
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.store.stream import NodeReader

ASK_SECONDS = 1.0
POLL_SECONDS = 0.2

ELSEWHERE = ("192.0.2.1", 9)
"""An address of nobody (RFC 5737). Nothing is sent there: only the way to it is looked up."""


class Readiness:
    """Asks a worker, and by clients that `connect` makes the scanner's reports."""

    def __init__(self, config: RouterConfig, connect: Callable[[], Redis]) -> None:
        self._config, self._connect = config, connect
        self._since: float | None = None

    async def scanner(self) -> bool:
        """Whether a scanner holds this node, or nobody can say as Redis is away (it then waits
        too). Its first scan may take as long as the slowest service: all else need not wait.

        It is first asked as the scanner starts, so that a report from then on is its own.
        """
        client = self._connect()
        try:
            await self._note_time(client)
            return await NodeReader(client, Keys(self._config.redis.prefix)).is_held(
                self._config.node.name
            )
        except StoreError:
            return True
        finally:
            await client.aclose()

    async def web(self) -> bool:
        """Whether a worker answers at all."""
        return await self._ask("health") is not None

    async def announce(self) -> None:
        """Say what is missing, as often as that changes, and at last that nothing is."""
        said = ""
        while reason := await self._missing():
            if reason != said:
                _say(f"hero_router is listening at {self._config.web.address}; not ready: {reason}")
                said = reason
            await asyncio.sleep(POLL_SECONDS)
        _say(f"hero_router is ready: {self._config.web.address}{_from_elsewhere(self._config)}")

    async def _missing(self) -> str:
        """Why a page could not tell the truth; "" where it can."""
        told = await self._ask("ready")
        if told is None:
            return "no worker answers"
        if not told.get("ready"):
            return str(told.get("reason"))
        return "" if await self._scanned() else "the first scan is not over"

    async def _scanned(self) -> bool:
        client = self._connect()
        try:
            since = await self._note_time(client)
            sight = (await NodeReader(client, Keys(self._config.redis.prefix)).list()).get(
                self._config.node.name
            )
        except StoreError:
            return False
        finally:
            await client.aclose()
        return sight is not None and sight.state.scan > 0 and sight.state.last_scan >= since

    async def _note_time(self, client: Redis) -> float:
        """When this was first asked, in Unix milliseconds by Redis's clock."""
        if self._since is None:
            clock = RedisClock(client)
            await clock.ask()
            self._since = clock.now_ms()
        return self._since

    async def _ask(self, path: str) -> dict[str, object] | None:
        """What a worker says as JSON, whatever its status; None where it says nothing."""
        timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
        with suppress(aiohttp.ClientError, TimeoutError, ValueError):
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{self._config.web.address}{path}") as answer,
            ):
                told = await answer.json()
                return told if isinstance(told, dict) else None
        return None


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _from_elsewhere(config: RouterConfig) -> str:
    """Where others find the page, if it listens for all: the address that this machine has for
    them. By a name they would need ROUTER_ALLOWED_HOSTS."""
    if config.web.host != "0.0.0.0":
        return ""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect(ELSEWHERE)
        return f" (for others http://{way.getsockname()[0]}:{config.web.port}/)"
    return ""
