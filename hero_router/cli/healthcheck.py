"""The command `healthcheck`: checks that a web worker answers, that a scanner holds the node's
lease, or that the socket folder has a socket; prints one line, and exits with 0 or 1.

`hero_router serve` uses the same checks while it starts its processes. A check only fails if a
restart may help, so it does not fail because Redis cannot be reached.
"""

import asyncio
import sys
from dataclasses import dataclass
from typing import Any

import click

from hero_router.cli.setting_flags import configure, flags
from hero_router.client.http import RouterAway, get
from hero_router.errors import StoreError
from hero_router.sanitize import clean
from hero_router.settings.config import RouterConfig
from hero_router.store.client import Redis, connect
from hero_router.store.keys import Keys
from hero_router.store.stream_reader import NodeReader

ANSWER_SECONDS = 3.0


@click.command("healthcheck")
@click.argument("part", type=click.Choice(["web", "scanner", "demo"]))
@flags(
    "host", "port", "redis_url", "redis_password_file", "redis_prefix", "node", "socket_dir",
)  # fmt: skip
def command(part: str, **overrides: Any) -> None:
    """Check that web workers, scanner or sample services of this machine work.

    Exits with 0 if they work, else with 1, for a container's health check: it fails only if a
    restart may help, so not because Redis cannot be reached.
    """
    found = asyncio.run(_ask(part, configure(overrides)))
    click.echo(f"{part}: {'ok' if found.ok else 'failed'}: {found.detail}")
    sys.exit(0 if found.ok else 1)


async def _ask(part: str, config: RouterConfig) -> "Health":
    if part == "web":
        return await web(config)
    if part == "demo":
        return demo(config)
    config.redis.require_url()
    client = connect(config.redis, name="check", connections=1)
    try:
        return await scanner(config, client)
    finally:
        await client.aclose()


@dataclass(frozen=True, slots=True)
class Health:
    """The result of a check: whether the process works, and the finding in a few words."""

    ok: bool
    detail: str


async def web(config: RouterConfig, *, within: float = ANSWER_SECONDS) -> Health:
    """Check whether a web worker answers."""
    url = config.web.address.rstrip("/")
    try:
        answer = await get(url, "/health", within=within, family=config.web.family)
    except RouterAway as error:
        return Health(False, str(error))
    return Health(answer.status == 200, f"{url}/health answers {answer.status}")


async def scanner(config: RouterConfig, client: Redis) -> Health:
    """Check whether any scanner holds the lease on this node."""
    node = config.node.name
    try:
        held = await NodeReader(client, Keys(config.redis.prefix)).is_held(node)
    except StoreError as error:
        return Health(True, f"it is not known whether one runs: {error}")
    text = "a scanner runs" if held else "no scanner runs"
    return Health(held, f"{text} for node {clean(node)}")


def demo(config: RouterConfig) -> Health:
    """Check that the sample services run: whether the socket folder has any socket."""
    found = any(config.node.root.glob("**/*.sock"))
    return Health(found, f"{'sockets' if found else 'no socket'} below {config.node.root}")
