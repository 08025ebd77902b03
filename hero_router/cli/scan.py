"""The command `scan`: asks all scanners for a scan now, and prints the changes that they found."""

import asyncio
import json

import click

from hero_router.cli.router_options import Router, address
from hero_router.cli.terminal import warn
from hero_router.client.http import call


@click.command("scan")
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@address
def command(as_json: bool, router: Router) -> None:
    """Make all scanners scan now, and print what they found.

    Prints how many services there are, and how many were added, removed and changed. Warns of
    nodes that did not answer in time.
    """
    result = asyncio.run(call(router.url, "router.scan", {}, token=router.token))
    if as_json:
        click.echo(json.dumps(result, indent=2))
        return
    click.echo(
        f"{result['discovered']} services: {result['added']} added, {result['removed']} removed, "
        f"{result['changed']} changed, in {result['duration_ms']} ms"
    )
    for node in result["missing"]:
        warn(f"node {node} did not answer in time")
    for doubt in result["conditions"]:
        warn(f"stale: {doubt['detail']}")
