"""The command `list`: all services with their status, as a table or as JSON."""

import asyncio
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from hero_router.cli.screen import console, literal, warn
from hero_router.client.http import address, fetch, resolve
from hero_router.feed.conditions import SCANNER
from hero_router.model import Status, clean

MARKS: Mapping[str, tuple[str, str]] = {
    Status.HEALTHY: ("●", "green"),
    Status.DEGRADED: ("◐", "yellow"),
    Status.UNHEALTHY: ("✖", "red"),
    Status.INACTIVE: ("○", "bright_black"),
    Status.NON_RPC: ("◇", "magenta"),
    Status.UNKNOWN: ("?", "bright_black"),
}

MOST_IGNORED = 3
"""Most files that are no services that a line names; `--json` has more of them."""


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@address
def command(as_json: bool, url: str | None) -> None:
    """Show all services with status, reason and sockets."""
    state = asyncio.run(fetch(resolve(url), "/api/services", "services", "nodes", "stale"))
    if as_json:
        click.echo(json.dumps(state, indent=2))
        return
    for doubt in state["stale"]:
        warn(f"stale: {doubt['detail']}")
    for line in ignored(state["nodes"]):
        warn(line)
    console().print(table(state["services"], state["stale"]))


def table(services: Iterable[Mapping[str, Any]], doubts: Iterable[Mapping[str, Any]] = ()) -> Table:
    """The services as a table for people; what a record of another version lacks stays empty.

    Where a node's scanner is lost, that is why nothing is known of its services, and since when.
    """
    lost = {doubt["node"]: doubt for doubt in doubts if doubt["reason"] == SCANNER}
    columns = ("status", "context", "service", "node", "sockets", "methods", "since", "reason")
    rows = Table(*columns, box=None, pad_edge=False)
    for item in services:
        sockets = " ".join(f"{each.get('name')}:{each.get('status')}" for each in item["sockets"])
        doubt = lost.get(item["node"])
        rows.add_row(
            mark(item["status"]),
            *map(literal, (item["context"], item["name"], item["node"], sockets)),
            literal(str(item.get("methods_count") or "")),
            age(doubt["since"] if doubt else item.get("changed_at")),
            literal(doubt["detail"] if doubt else item["reason"]),
        )
    return rows


def ignored(nodes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each node with files that look like sockets and are no services, and why."""
    for node in nodes:
        number, places = node.get("ignored_count"), node.get("ignored")
        if isinstance(number, int) and isinstance(places, dict) and places:
            told = [f"{path} ({why})" for path, why in sorted(places.items())[:MOST_IGNORED]]
            more = [f"and {number - len(told)} more"] if number > len(told) else []
            what = "1 file is no service" if number == 1 else f"{number} files are no services"
            yield f"node {node.get('node')}: {what}: {', '.join(told + more)}"


def mark(status: object) -> Text:
    """A status with its shape and colour."""
    name = clean(status)
    shape, colour = MARKS.get(name, ("?", "white"))
    return Text(f"{shape} {name}", style=colour)


def age(unix_ms: object) -> str:
    """How long ago a time was, in its largest unit; "" for what is no time."""
    if not isinstance(unix_ms, int | float):
        return ""
    seconds = max(int(time.time() - unix_ms / 1000), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
