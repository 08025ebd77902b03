"""Prints when `hero_router serve` is ready: web workers up to date, and first scan finished."""

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hero_router.access.sign_in_link import LINK_SECONDS
from hero_router.cli import healthcheck
from hero_router.cli.sign_in import sign_in_link
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
"""An address without a machine (RFC 5737), to look up the route to others; nothing is sent."""


class Readiness:
    """Checks the processes of `hero_router serve`: web workers by HTTP, the scanner in Redis.

    `connect` makes a client of Redis.
    """

    def __init__(self, config: RouterConfig, connect: Callable[[], Redis]) -> None:
        self._config, self._connect = config, connect
        self._url = config.web.address.rstrip("/")
        self._since_ms: float | None = None

    async def scanner(self) -> bool:
        """Whether a scanner holds the lease on this node, or Redis cannot be asked.

        `hero_router serve` does not wait for the first scan, which takes as long as the slowest
        service. The time of the first call is kept: later node reports are of the new scanner.
        """
        client = self._connect()
        try:
            with suppress(StoreError):
                await self._began_ms(client)
            return (await healthcheck.scanner(self._config, client)).ok
        finally:
            await client.aclose()

    async def web(self) -> bool:
        """Whether a web worker answers."""
        return (await healthcheck.web(self._config, within=ASK_SECONDS)).ok

    async def demo(self) -> bool:
        """Whether the sample services have sockets."""
        return healthcheck.demo(self._config).ok

    async def announce(self) -> None:
        """Print why the router is not ready, when the reason changes, until the router is ready."""
        said = ""
        while reason := await self._missing():
            if reason != said:
                self._say(f"hero_router is not ready: {reason}")
                said = reason
            await asyncio.sleep(POLL_SECONDS)
        self._say(
            f"hero_router is ready: {self._config.web.address}{_from_elsewhere(self._config)}"
        )
        has_sign_in = self._config.access.has_tokens or self._config.oidc.is_set
        if sys.stdout.isatty() and has_sign_in:
            await self._print_sign_in_link()

    async def _print_sign_in_link(self) -> None:
        """Print a link that signs a browser in; only on a terminal, as a log would keep it."""
        client = self._connect()
        try:
            clock = RedisClock(client)
            await clock.ask()
        except StoreError:
            return
        finally:
            await client.aclose()
        link = sign_in_link(self._config, clock.now_ms())
        sys.stdout.write(f"sign in within {LINK_SECONDS:.0f} s, once: {link}\n")
        sys.stdout.flush()

    def _say(self, line: str) -> None:
        """Print a line on stdout; if the log is JSON, write a log record instead."""
        if self._config.log.format == "json":
            log.info("%s", line, extra={"url": self._config.web.address})
            return
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    async def _missing(self) -> str:
        """Why the router is not ready; "" if it is."""
        state = await self._web_state()
        if state is None:
            return f"no worker answers at {self._config.web.address}"
        if not state.get("ready"):
            reason = state.get("reason", "its log says why")
            return f"{reason} (web listens at {self._config.web.address})"
        if not await self._is_scanned():
            return f"the first scan has not ended (web listens at {self._config.web.address})"
        return ""

    async def _web_state(self) -> dict[str, Any] | None:
        """The answer of a web worker to `GET /ready`, also with 503; None if no worker answers."""
        with suppress(RouterAway):
            family = self._config.web.family
            answer = await get(self._url, "/ready", within=ASK_SECONDS, family=family)
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
        """The time of the first call, in Unix milliseconds by Redis's clock. Raises StoreError."""
        if self._since_ms is None:
            clock = RedisClock(client)
            await clock.ask()
            self._since_ms = clock.now_ms()
        return self._since_ms


def _from_elsewhere(config: RouterConfig) -> str:
    """The URL for other machines, if the web workers listen on all addresses; else "".

    The URL has an IP address: a host name would have to be in ROUTER_ALLOWED_HOSTS.
    """
    if config.web.host != "0.0.0.0":
        return ""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
        route.connect(ELSEWHERE)
        return f" (for others http://{route.getsockname()[0]}:{config.web.port}/)"
    return ""
