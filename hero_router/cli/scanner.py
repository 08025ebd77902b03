"""The command `hero_router scanner`: runs the scanner of this machine (node)."""

import asyncio
import logging
import secrets
from typing import Any

import click

from hero_router.cli.setting_flags import begin, flags
from hero_router.cli.stop_signals import on_stop
from hero_router.notify.elected_sender import ElectedSender
from hero_router.notify.follower import Follower
from hero_router.notify.sender import Sender
from hero_router.scan.dependency_protocols import SystemClock
from hero_router.scan.prober import Prober
from hero_router.scan.scan_loop import ScanLoop
from hero_router.scan.walk import Finder
from hero_router.settings.config import RouterConfig
from hero_router.settings.redis_url import socket_files
from hero_router.store.client import Redis, connect
from hero_router.store.eviction import warning
from hero_router.store.history import HistoryStore
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.mutes import MuteStore
from hero_router.store.registry import Registry
from hero_router.store.scan_requests import IDLE_SECONDS, ScanRequests
from hero_router.store.stream_reader import BLOCK_SECONDS, NodeReader, Stream
from hero_router.store.webhook import WebhookStore

log = logging.getLogger(__name__)


@click.command("scanner")
@flags(
    "redis_url", "redis_password_file", "redis_prefix", "socket_dir", "node", "sse_buffer",
    "scan_seconds", "probe_timeout", "probe_concurrency", "failures", "stale_seconds",
    "stale_unlink", "ignore", "lease_seconds", "advertise_url", "webhook_secret_file",
    "webhook_events", "webhook_private", "log_level", "log_format",
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
    follower = connect(config.redis, name="webhook", block_seconds=BLOCK_SECONDS, connections=1)
    try:
        task = asyncio.create_task(_work(config, client, channel, follower))
        on_stop(task.cancel)
        await asyncio.gather(task, return_exceptions=True)
    finally:
        for each in (client, channel, follower):
            await each.aclose()
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error


async def _work(config: RouterConfig, client: Redis, channel: Redis, follower: Redis) -> None:
    """Scan, and send webhooks if there is a target, until cancelled. Raises ConfigError."""
    worker = make_worker(config, client, channel)
    if not config.webhook.url:
        return await worker.run()
    notifier = make_elected_sender(config, client, follower)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run())
            tasks.create_task(notifier.run())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


def make_elected_sender(config: RouterConfig, client: Redis, follower: Redis) -> ElectedSender:
    """Build the sender of webhooks; `follower` reads the event stream. Raises ConfigError."""
    # It loads aiohttp, which makes a scanner larger, and which only this needs.
    from hero_router.notify.webhook_client import Target  # noqa: PLC0415

    keys, seconds = Keys(config.redis.prefix), config.scan.lease_seconds
    name = config.node.name
    lease = Lease(client, keys, name, secrets.token_hex(8), seconds, keys.webhook_lease)
    store = WebhookStore(client, keys)
    target = Target(config.webhook.url, config.webhook.key(), config.webhook.private)
    return ElectedSender(
        lease,
        Follower(
            Stream(follower, keys),
            NodeReader(client, keys),
            store,
            MuteStore(client, keys),
            config.webhook.kinds,
            config.stream.window,
            lease.now_ms,
        ),
        Sender(store, target, lease.now_ms),
        seconds,
    )


def make_worker(config: RouterConfig, client: Redis, channel: Redis) -> ScanLoop:
    """Build the scanner from the settings and Redis clients; `channel` receives scan requests."""
    keys, clock = Keys(config.redis.prefix), SystemClock()
    return ScanLoop(
        config,
        Lease(client, keys, config.node.name, secrets.token_hex(8), config.scan.lease_seconds),
        Registry(client, keys, config.stream.window),
        HistoryStore(client, keys),
        ScanRequests(channel, keys),
        Prober(config.scan.probe_timeout, clock.monotonic),
        clock,
        Finder(config.node.root, config.scan.ignored, socket_files(config.redis.url)).walk,
    )
