"""The command `hero_router scanner`: runs the scanner of this machine (node)."""

import asyncio
import logging
import secrets
import signal
from typing import Any

import click

from hero_router.cli.setting_flags import begin, flags
from hero_router.scan.agent import ScannerAgent
from hero_router.scan.interfaces import SystemClock
from hero_router.scan.prober import Prober
from hero_router.scan.walk import Finder
from hero_router.settings.config import RouterConfig
from hero_router.settings.redis_url import socket_files
from hero_router.store.client import Redis, connect
from hero_router.store.eviction import warning
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.registry import Registry
from hero_router.store.scan_requests import IDLE_SECONDS, ScanRequests

log = logging.getLogger(__name__)


@click.command("scanner")
@flags(
    "redis_url", "redis_password_file", "redis_prefix", "socket_dir", "node", "sse_buffer",
    "scan_seconds", "probe_timeout", "probe_concurrency", "failures", "stale_seconds",
    "stale_unlink", "ignore", "lease_seconds", "log_level", "log_format",
)  # fmt: skip
def command(**overrides: Any) -> None:
    """Run the scanner of this machine (node).

    The scanner finds and probes the sockets in the socket folder, and writes changes to Redis. If
    another scanner runs for the same node, this scanner stands by. ROUTER_REDIS_URL must be set.
    """
    config = begin(overrides)
    config.node.require_root()
    config.redis.require()
    asyncio.run(_run(config))


async def _run(config: RouterConfig) -> None:
    if evicts := await warning(config.redis):
        log.warning("%s", evicts)
    client = connect(config.redis, name="scanner")
    channel = connect(config.redis, name="requests", block_seconds=IDLE_SECONDS, connections=1)
    try:
        task = asyncio.create_task(make_worker(config, client, channel).run())
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await asyncio.gather(task, return_exceptions=True)
    finally:
        await client.aclose()
        await channel.aclose()
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error


def make_worker(config: RouterConfig, client: Redis, channel: Redis) -> ScannerAgent:
    """Build the scanner from the settings and Redis clients; `channel` receives scan requests."""
    keys, clock = Keys(config.redis.prefix), SystemClock()
    return ScannerAgent(
        config,
        Lease(client, keys, config.node.name, secrets.token_hex(8), config.scan.lease_seconds),
        Registry(client, keys, config.stream.window),
        ScanRequests(channel, keys),
        Prober(config.scan.probe_timeout, clock.monotonic),
        clock,
        Finder(config.node.root, config.scan.ignored, socket_files(config.redis.url)).walk,
    )
