"""The command `clients`: who is connected to which worker, as a table or as JSON."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from hero_router.cli.screen import console, count, warn
from hero_router.cli.services import age
from hero_router.client.http import address, fetch, resolve

SILENT_SECONDS = 6.0
"""Workers tell at least every five and a half seconds."""


@click.command("clients")
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@address
def command(as_json: bool, url: str | None) -> None:
    """Show who follows the stream, on which worker, and how far behind.

    Each worker names its clients that are furthest behind, and counts the others.
    """
    told = asyncio.run(fetch(resolve(url), "/api/clients"))
    if as_json:
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(summary(told))
    for worker in told["workers"]:
        if (silent := (told["now"] - worker["at"]) / 1000) >= SILENT_SECONDS:
            warn(f"{worker['worker']} has told nothing for {silent:.0f} s: it may be gone")
    if told["clients"]:
        console().print(table(told))


def summary(told: Mapping[str, Any]) -> str:
    """One line: how many there are, in which states, on how many workers."""
    states = ", ".join(f"{number} {state}" for state, number in told["states"].items() if number)
    listed = sum(len(worker["listed"]) for worker in told["workers"])
    line = f"{count(told['clients'], 'client')} on {count(len(told['workers']), 'worker')}"
    line += f": {states}; deliveries due: {told['pending']}" if states else ""
    return line + (f"; {listed} are shown" if listed < told["clients"] else "")


def table(told: Mapping[str, Any]) -> Table:
    """The named clients, the furthest behind first; all text is shown literally."""
    columns = ("behind", "state", "parked", "address", "worker", "connected", "filter", "reason")
    rows = Table(*columns, box=None, pad_edge=False)
    for worker, item in sorted(_listed(told), key=lambda pair: -pair[1]["behind"]):
        parked = age(item["parked_at"]) if item["parked_at"] else ""
        wish = " ".join(filter(None, (item["filter"], "conflate" * item["conflate"])))
        cells = (str(item["behind"]), item["state"], parked, item["address"], worker)
        rows.add_row(*map(Text, (*cells, age(item["connected_at"]), wish, item["reason"])))
    return rows


def _listed(told: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((each["worker"], item) for each in told["workers"] for item in each["listed"])
