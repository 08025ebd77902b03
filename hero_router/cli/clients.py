"""The command `clients`: shows the event stream's clients on all workers, as table or JSON."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import click
from rich.table import Table

from hero_router.cli.router_options import Router, address
from hero_router.cli.terminal import Column, age, console, count, literal, table, warn
from hero_router.client.http import fetch

SILENT_SECONDS = 6.0
"""Age of a client list above which a worker may be gone: workers publish one every 5.5 s."""

COLUMNS = (
    Column("behind"),
    Column("state"),
    Column("blocked", 5),
    Column("address"),
    Column("worker", 4),
    Column("connected", 3),
    Column("filter", 1),
    Column("reason", 2, wraps=True),
)


@click.command("clients")
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@address
def command(as_json: bool, router: Router) -> None:
    """Show the clients of the event stream, and how far each is behind.

    A client is behind by the number of events that it has not received yet. Each web worker lists
    the clients that are furthest behind, and only counts the others.
    """
    fields = ("workers", "clients", "states", "now")
    answer = asyncio.run(fetch(router.url, "/api/clients", *fields, token=router.token))
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    click.echo(summary(answer))
    for worker in answer["workers"]:
        if (silent := (answer["now"] - worker["at"]) / 1000) >= SILENT_SECONDS:
            warn(f"{worker['worker']} has not reported for {silent:.0f} s: it may be gone")
    if answer["clients"]:
        out = console()
        out.print(clients_table(answer, out.width))


def summary(answer: Mapping[str, Any]) -> str:
    """One line about all clients: their number, their states, and the number of workers."""
    states = ", ".join(f"{number} {state}" for state, number in answer["states"].items() if number)
    listed = sum(len(worker["listed"]) for worker in answer["workers"])
    line = f"{count(answer['clients'], 'client')} on {count(len(answer['workers']), 'worker')}"
    line += f": {states}; deliveries due: {answer['pending']}" if states else ""
    return line + (f"; {listed} are shown" if listed < answer["clients"] else "")


def clients_table(answer: Mapping[str, Any], width: int) -> Table:
    """The table of the named clients; those furthest behind come first."""
    rows = []
    for worker, item in sorted(_listed(answer), key=lambda pair: -pair[1]["behind"]):
        blocked = age(item["blocked_at"]) if item["blocked_at"] else ""
        options = " ".join(filter(None, (item["filter"], "conflate" * item["conflate"])))
        cells = (str(item["behind"]), item["state"], blocked, item["address"], worker)
        texts = (*cells, age(item["connected_at"]), options, item["reason"])
        rows.append([*map(literal, texts)])
    return table(COLUMNS, rows, width)


def _listed(answer: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((each["worker"], item) for each in answer["workers"] for item in each["listed"])
