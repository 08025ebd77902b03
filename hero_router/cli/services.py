"""The command `list`: shows services with their status, as table or JSON, once or continuously."""

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any

import click
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hero_router.cli.router_options import Router, address
from hero_router.cli.selection import ORDERS, Selection, Words, service_names
from hero_router.cli.terminal import Column, age, console, literal, moment, table, warn
from hero_router.client.http import fetch
from hero_router.client.live_state import FIELDS, LiveState
from hero_router.feed.conditions import SCANNER
from hero_router.model import Status
from hero_router.sanitize import clean

MARKS: Mapping[str, tuple[str, str]] = {
    Status.HEALTHY: ("●", "green"),
    Status.DEGRADED: ("◐", "yellow"),
    Status.UNHEALTHY: ("✖", "red"),
    Status.INACTIVE: ("○", "bright_black"),
    Status.NON_RPC: ("◇", "magenta"),
    Status.UNKNOWN: ("?", "bright_black"),
}

COLUMNS = (
    Column("status"),
    Column("context", 5),
    Column("service"),
    Column("node", 3),
    Column("sockets", 2),
    Column("methods", 1),
    Column("since", 4),
    Column("reason", 6, wraps=True),
)

SILENT_SECONDS = 18.0
"""Time without an event after which `--watch` shows a doubt; the router pings every 15 s."""

MAX_IGNORED = 3
"""Maximum number of ignored files that a line names; `--json` has more of them."""


@click.command("list")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=service_names)
@click.option(
    "--status",
    type=Words(Status),
    help="show only services with these statuses (comma-separated list)",
)
@click.option(
    "--context", type=Words(), help="show only services in these contexts (comma-separated list)"
)
@click.option(
    "--node", type=Words(), help="show only services on these nodes (comma-separated list)"
)
@click.option(
    "--sort", type=click.Choice([*ORDERS]), show_default="context", help="order of the rows"
)
@click.option("--watch", "-w", is_flag=True, help="keep the table up to date until Ctrl-C")
@click.option(
    "--fail",
    is_flag=True,
    help="exit with 1 if a service is not healthy, or if the statuses may be out of date",
)
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@address
def command(
    names: tuple[str, ...],
    status: frozenset[str],
    context: frozenset[str],
    node: frozenset[str],
    sort: str | None,
    watch: bool,
    fail: bool,
    as_json: bool,
    router: Router,
) -> None:
    """Show services with status, reason and sockets.

    With NAMEs (names or ids), only these services are shown; exits with 1 if a NAME is unknown.
    Columns that do not fit into the terminal are left out.
    """
    if watch and fail:
        raise click.UsageError("--fail checks once, --watch runs until Ctrl-C: use one of them")
    chosen = Selection(frozenset(names), status or frozenset(), context or frozenset(),
                       node or frozenset(), sort or "context")  # fmt: skip
    if watch:
        with suppress(KeyboardInterrupt):
            asyncio.run(_watch(router, chosen, as_json=as_json))
        return
    asked = fetch(router.url, "/api/services", *FIELDS, token=router.token)
    state = chosen.of(asyncio.run(asked))
    if as_json:
        click.echo(json.dumps(state, indent=2))
    else:
        for line in notes(state):
            warn(line)
        out = console()
        out.print(services_table(state, out.width))
    missing = chosen.missing(state)
    for name in missing:
        warn(f"no service has the name or id {name!r}")
    sys.exit(1 if missing or (fail and not is_well(state)) else 0)


async def _watch(router: Router, chosen: Selection, *, as_json: bool) -> None:
    view = View(chosen)
    live = LiveState(router.url, token=router.token, on_break=view.lose)
    async with aclosing(live.states()) as states:
        if as_json or not sys.stdout.isatty():
            await _print_changes(states, chosen, as_json=as_json)
        else:
            await _repaint(states, view)


async def _repaint(states: Any, view: "View") -> None:
    """Show the table on the terminal, and keep services and ages up to date."""
    with Live(get_renderable=view.render, console=view.console, refresh_per_second=2) as live:
        async for state in states:
            view.update(state)
            live.refresh()


async def _print_changes(states: Any, chosen: Selection, *, as_json: bool) -> None:
    """Print the state each time that it changes, for a program or a file."""
    shown: object = None
    async for whole in states:
        state = chosen.of(whole)
        now = state["services"], state["stale"]
        if now == shown:
            continue
        shown = now
        if as_json:
            click.echo(json.dumps(state))
        else:
            out = console()
            out.print(
                Text(time.strftime("%Y-%m-%d %H:%M:%S")), services_table(state, out.width), ""
            )


class View:
    """The screen of `--watch`: the state, and a note if it may be out of date."""

    def __init__(self, chosen: Selection) -> None:
        self.console = console()
        self._chosen = chosen
        self._state: Mapping[str, Any] | None = None
        self._lost = ""
        self._lost_at: float | None = None
        self._news_at = 0.0

    def update(self, state: Mapping[str, Any]) -> None:
        """Show a new state."""
        self._state, self._lost_at = self._chosen.of(state), None
        self._news_at = time.time()

    def lose(self, reason: str) -> None:
        """Note that the connection is lost, so that the state may be out of date."""
        self._lost, self._lost_at = reason, self._lost_at or time.time()

    def render(self) -> Group:
        """The notes and the table, as shown on the terminal."""
        if self._state is None:
            return Group()
        lines = [Text(clean(line), style="yellow") for line in notes(self._state)]
        if doubt := self._doubt():
            lines.insert(0, Text(doubt, style="bold red"))
        return Group(*lines, services_table(self._state, self.console.width))

    def _doubt(self) -> str:
        """Why the table may be out of date; "" if it is up to date."""
        if self._lost_at is not None:
            since = moment(self._lost_at * 1000)
            return f"not current since {since}, connecting again: {clean(self._lost)}"
        if time.time() - self._news_at > SILENT_SECONDS:
            return f"nothing received from the router since {moment(self._news_at * 1000)}"
        return ""


def notes(state: Mapping[str, Any]) -> Iterator[str]:
    """Lines about the state: why it may be out of date, and which files are ignored."""
    for condition in state["stale"]:
        yield f"stale: {clean(condition.get('detail'))}"
    yield from ignored(state["nodes"])


def is_well(state: Mapping[str, Any]) -> bool:
    """Whether all services are healthy and no status may be out of date."""
    nodes = {item["node"] for item in state["services"]} | {None}
    doubted = any(condition["node"] in nodes for condition in state["stale"])
    return not doubted and all(item["status"] == Status.HEALTHY for item in state["services"])


def services_table(state: Mapping[str, Any], width: int) -> Table:
    """The table of services; fields that records of other versions lack stay empty.

    The services of a node that lost its scanner show since when their status is unknown, and why.
    """
    lost = {item["node"]: item for item in state["stale"] if item["reason"] == SCANNER}
    rows = [_row(item, lost.get(item["node"])) for item in state["services"]]
    return table(COLUMNS, rows, width)


def _row(item: Mapping[str, Any], lost: Mapping[str, Any] | None) -> Sequence[Text]:
    sockets = " ".join(f"{each.get('name')}:{each.get('status')}" for each in item["sockets"])
    return (
        mark(item["status"]) + Text(" (muted)" if item.get("muted") else "", style="bright_black"),
        *map(literal, (item["context"], item["name"], item["node"], sockets)),
        literal(str(item.get("methods_count") or "")),
        Text(age(lost["since"] if lost else item.get("changed_at"))),
        literal(lost["detail"] if lost else item["reason"]),
    )


def ignored(nodes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each node with ignored files, with the reasons."""
    for node in nodes:
        number, places = node.get("ignored_count"), node.get("ignored")
        if isinstance(number, int) and isinstance(places, dict) and places:
            named = [f"{path} ({why})" for path, why in sorted(places.items())[:MAX_IGNORED]]
            more = [f"and {number - len(named)} more"] if number > len(named) else []
            what = "1 ignored file" if number == 1 else f"{number} ignored files"
            yield f"node {node.get('node')}: {what}: {', '.join(named + more)}"


def mark(status: object) -> Text:
    """A status as coloured text with its symbol."""
    name = clean(status)
    shape, colour = MARKS.get(name, ("?", "white"))
    return Text(f"{shape} {name}", style=colour)
