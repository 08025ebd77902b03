"""The command `demo`: runs sample services, so that the web page has something to show."""

import asyncio
from typing import Any

import click

from hero_router.cli.setting_flags import begin, flags
from hero_router.cli.stop_signals import on_stop
from hero_router.demo import services
from hero_router.settings.config import RouterConfig


@click.command("demo")
@flags("socket_dir", "log_level", "log_format")
def command(**overrides: Any) -> None:
    """Run sample services: healthy, flapping, hanging, dead.

    The sockets of the services are made in the socket folder (ROUTER_SOCKET_DIR), and removed at
    the end.
    """
    config = begin(overrides)
    config.node.require_root()
    asyncio.run(_run(config))


async def _run(config: RouterConfig) -> None:
    task = asyncio.create_task(services.run(config.node.root))
    on_stop(task.cancel)
    await asyncio.gather(task, return_exceptions=True)
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
