"""Says when `serve` is ready: web is up to date, and the scanner's first scan is over."""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hero_router.cli import liveness
from hero_router.client.http import RouterAway, get
from hero_router.errors import StoreError
from hero_router.settings.config import RouterConfig
from hero_router.store.client import Redis
from hero_router.store.clock import RedisClock
from hero_router.store.keys import Keys
from hero_router.store.stream_reader import NodeReader

log = logging.getLogger(__name__)

ASK_SECONDS = 1.0
POLL_SECONDS = 0.2

ELSEWHERE = ("192.0.2.1", 9)
"""An address without a machine (RFC 5737). Nothing is sent: only the route is looked up."""


class Readiness:
    """Asks web over HTTP, and the scanner's reports in Redis, over clients that `connect` makes."""

    def __init__(self, config: RouterConfig, connect: Callable[[], Redis]) -> None:
        self._config, self._connect = config, connect
        self._url = config.web.address.rstrip("/")
        self._since_ms: float | None = None

    async def scanner(self) -> bool:
        """Whether a scanner holds this node, or Redis is away and does not say.

        The first scan may take as long as the slowest service, and need not be waited for. The
        time of the first question is kept: a report from then on is the new scanner's own.
        """
        client = self._connect()
        try:
            with suppress(StoreError):
                await self._began_ms(client)
            return (await liveness.scanner(self._config, client)).ok
        finally:
            await client.aclose()

    async def web(self) -> bool:
        """Whether a worker answers."""
        return (await liveness.web(self._config, within=ASK_SECONDS)).ok

    async def demo(self) -> bool:
        """Whether the sample services have sockets."""
        return liveness.demo(self._config).ok

    async def announce(self) -> None:
        """Say what is missing, each time that it changes, and at last that nothing is."""
        said = ""
        while reason := await self._missing():
            if reason != said:
                self._say(f"hero_router is not ready: {reason}")
                said = reason
            await asyncio.sleep(POLL_SECONDS)
        self._say(
            f"hero_router is ready: {self._config.web.address}{_from_elsewhere(self._config)}"
        )

    def _say(self, line: str) -> None:
        """A line on stdout for people; a record if the log is JSON, as all else is then."""
        if self._config.log.format == "json":
            log.info("%s", line, extra={"url": self._config.web.address})
            return
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    async def _missing(self) -> str:
        """Why a page could not show the true state; "" if it can."""
        state = await self._web_state()
        if state is None:
            return f"no worker answers at {self._config.web.address}"
        if not state.get("ready"):
            return f"{state.get('reason')} (web listens at {self._config.web.address})"
        if not await self._is_scanned():
            return f"the first scan is not over (web listens at {self._config.web.address})"
        return ""

    async def _web_state(self) -> dict[str, Any] | None:
        """What a worker's `/ready` says, 503 included; None if none answers."""
        with suppress(RouterAway):
            answer = await get(self._url, "/ready", within=ASK_SECONDS)
            return answer.value if isinstance(answer.value, dict) else None
        return None

    async def _is_scanned(self) -> bool:
        client = self._connect()
        try:
            began = await self._began_ms(client)
            nodes = await NodeReader(client, Keys(self._config.redis.prefix)).list()
        except StoreError:
            return False
        finally:
            await client.aclose()
        status = nodes.get(self._config.node.name)
        return status is not None and status.state.scan > 0 and status.state.last_scan >= began

    async def _began_ms(self, client: Redis) -> float:
        """When this was first asked, in Unix milliseconds by Redis's clock. Raises StoreError."""
        if self._since_ms is None:
            clock = RedisClock(client)
            await clock.ask()
            self._since_ms = clock.now_ms()
        return self._since_ms


def _from_elsewhere(config: RouterConfig) -> str:
    """This machine's address as other machines see it, if web listens on all addresses.

    By a name they would need ROUTER_ALLOWED_HOSTS.
    """
    if config.web.host != "0.0.0.0":
        return ""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        route.connect(ELSEWHERE)
        return f" (for others http://{route.getsockname()[0]}:{config.web.port}/)"
    return ""
