"""The command `unmute`: ends the mute of a service."""

import asyncio

import click

from hero_router.cli.router_options import Router, address
from hero_router.cli.selection import service_names
from hero_router.client.http import call
from hero_router.sanitize import clean


@click.command("unmute")
@click.argument("service", shell_complete=service_names)
@address
def command(service: str, router: Router) -> None:
    """End the mute of a service; SERVICE is a name or an id."""
    asked = call(router.url, "router.unmute", {"id": service}, token=router.token)
    result = asyncio.run(asked)
    click.echo(f"{clean(service)} {'is no longer' if result['was_muted'] else 'was not'} muted")
