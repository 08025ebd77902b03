"""The command `forget`: removes from the registry a node that will not come back.

It writes to Redis itself, not through a running router. It first takes the lease on the node, so
that no scanner can hold it. Then it removes the node's services and adds their removal events, in
one atomic step.
"""

import asyncio
import secrets
from contextlib import suppress
from typing import Any

import click

from hero_router.cli.redis_connection import FLAGS, backplane
from hero_router.cli.setting_flags import configure, flags
from hero_router.cli.terminal import count
from hero_router.errors import Fenced, NotFound, StoreError
from hero_router.sanitize import clean
from hero_router.settings.config import RouterConfig
from hero_router.store.client import Redis
from hero_router.store.keys import Keys
from hero_router.store.lease import Lease
from hero_router.store.registry import Registry

LEASE_SECONDS = 10.0
"""Lifetime of the lease: if this command is killed, no scanner can take the lease for this time."""


@click.command("forget")
@click.argument("node")
@flags(*FLAGS, "sse_buffer")
def command(node: str, **overrides: Any) -> None:
    """Remove a node that will not come back, with its services.

    NODE is the node's name (ROUTER_NODE), or the old name of a renamed node. The command is refused
    while a scanner runs for NODE, and for ROUTER_LEASE_SECONDS after a scanner was killed. Without
    ROUTER_REDIS_URL it changes the Redis of the `hero_router serve` that runs with this
    ROUTER_STATE_DIR.
    """
    config = configure(overrides)
    number = asyncio.run(_run(config, node))
    click.echo(f"node {clean(node)} is removed, with {count(number, 'service')}")


async def _run(config: RouterConfig, node: str) -> int:
    async with backplane(config, "forget") as client:
        return await _forget(config, client, node)


async def _forget(config: RouterConfig, client: Redis, node: str) -> int:
    """Remove the node; returns the number of its services. Raises NotFound or StoreError."""
    registry = Registry(client, Keys(config.redis.prefix), config.stream.window)
    if node not in (known := await registry.nodes()):
        names = ", ".join(clean(name) for name in sorted(known)) or "none"
        raise NotFound(f"there is no node {clean(node)!r}; the nodes are: {names}")
    lease = Lease(
        client, Keys(config.redis.prefix), node, f"forget-{secrets.token_hex(8)}", LEASE_SECONDS
    )
    grant = await lease.acquire()
    if grant is None:
        raise Fenced(
            f"a scanner runs for node {clean(node)!r}, or did some seconds ago, so the node stays; "
            "end the scanner, and try again when its lease has run out"
        )
    try:
        return await registry.forget(grant)
    finally:
        with suppress(StoreError):  # the lease expires by itself
            await lease.release(grant)
