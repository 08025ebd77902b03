"""The command `check`: a health check for containers, with one line and an exit code."""

import asyncio
import sys
from typing import Any

import click

from hero_router.cli import liveness
from hero_router.cli.liveness import Health
from hero_router.cli.options import configure, flags
from hero_router.settings.config import RouterConfig
from hero_router.store.client import connect


@click.command("check")
@click.argument("part", type=click.Choice(["web", "scanner", "demo"]))
@flags(
    "host", "port", "redis_url", "redis_password_file", "redis_prefix", "node", "socket_dir",
)  # fmt: skip
def command(part: str, **overrides: Any) -> None:
    """Check that web workers, scanner or sample services work.

    Exits with 0 if the processes of this machine work, else with 1. The check only fails if a
    restart may help: it does not fail because Redis cannot be reached.
    """
    found = asyncio.run(_ask(part, configure(overrides)))
    click.echo(f"{part}: {'ok' if found.ok else 'failed'}: {found.detail}")
    sys.exit(0 if found.ok else 1)


async def _ask(part: str, config: RouterConfig) -> Health:
    if part == "web":
        return await liveness.web(config)
    if part == "demo":
        return liveness.demo(config)
    config.redis.require_url()
    client = connect(config.redis, name="check", connections=1)
    try:
        return await liveness.scanner(config, client)
    finally:
        await client.aclose()
