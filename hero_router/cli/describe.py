"""The command `describe`: all details of one service, as lines and a table or as JSON."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from hero_router.cli.address import Router, address
from hero_router.cli.lookup import find_service
from hero_router.cli.screen import Column, age, console, literal, moment, table, warn
from hero_router.cli.selection import service_names
from hero_router.cli.services import mark
from hero_router.sanitize import clean

SOCKET_COLUMNS = (
    Column("socket"),
    Column("role", 4),
    Column("status"),
    Column("probed", 3),
    Column("latency", 2),
    Column("failures", 1),
    Column("path", 5),
    Column("error", 6, wraps=True),
)

NAME_WIDTH = 14


@click.command("describe")
@click.argument("name", shell_complete=service_names)
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@address
def command(name: str, as_json: bool, router: Router) -> None:
    """Show all details of one service.

    NAME is the name or the id of the service. Exits with 1 if no service has this name or id. If
    several services have the name, their ids are listed, and the exit code is 1 too.
    """
    service = asyncio.run(find_service(router, name))
    if as_json:
        click.echo(json.dumps(service, indent=2))
        return
    for condition in service["stale"]:
        warn(f"stale: {clean(condition.get('detail'))}")
    out = console()
    for line in facts(service):
        out.print(line, soft_wrap=True)
    out.print(Text(""), sockets_table(service, out.width))


def facts(service: Mapping[str, Any]) -> Iterator[Text]:
    """The details of a service, one per line; empty details are left out."""
    for name, value in _facts(service):
        if value.plain:
            yield Text(f"{name:<{NAME_WIDTH}} ", style="bold") + value


def _facts(service: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
    yield "name", literal(service.get("name"))
    yield "title", literal(service.get("title"))
    yield "description", literal(service.get("description"))
    yield "version", literal(service.get("version"))
    yield "context", literal(service.get("context"))
    yield "node", literal(service.get("node"))
    yield "id", literal(service.get("id"))
    yield "status", mark(service.get("status"))
    yield "reason", literal(service.get("reason"))
    yield "last known", _last_known(service)
    yield "since", _since(service.get("changed_at"))
    yield "first seen", _since(service.get("first_seen"))
    yield "flapping", Text("yes" if service.get("flapping") else "")
    yield "name conflict", literal(service.get("conflict"))
    yield "protocol", literal(service.get("protocol"))
    yield (
        "documents",
        literal(f"{service.get('source_kind')} {service.get('source') or ''}".strip()),
    )
    yield "document error", literal(service.get("spec_error"))
    yield "methods", _methods(service)


def _since(unix_ms: object) -> Text:
    return Text(f"{moment(unix_ms)} ({age(unix_ms)} ago)" if moment(unix_ms) else "")


def _last_known(service: Mapping[str, Any]) -> Text:
    """The last status and reason of a service whose node has lost its scanner."""
    if "last_status" not in service:
        return Text("")
    return mark(service["last_status"]) + literal(f" {service.get('last_reason') or ''}".rstrip())


def _methods(service: Mapping[str, Any]) -> Text:
    names, number = service.get("methods"), service.get("methods_count")
    if not isinstance(names, list) or not number:
        return Text("")
    more = f", and {number - len(names)} more" if number > len(names) else ""
    return literal(f"{number}: {', '.join(map(str, names))}{more}")


def sockets_table(service: Mapping[str, Any], width: int) -> Table:
    """The table of a service's sockets, with the figures of their last probes."""
    probe = service.get("probe")
    probes = probe.get("sockets") if isinstance(probe, dict) else None
    figures = probes if isinstance(probes, dict) else {}
    rows = [_row(item, item | _known(figures.get(item.get("name")))) for item in service["sockets"]]
    return table(SOCKET_COLUMNS, rows, width)


def _row(item: Mapping[str, Any], last: Mapping[str, Any]) -> Sequence[Text]:
    """The cells for one socket: its state in the service record, and its last probe."""
    return (
        literal(item.get("name")),
        literal(item.get("role")),
        mark(item.get("status")),
        Text(f"{age(last.get('checked_at'))} ago" if age(last.get("checked_at")) else ""),
        literal(_milliseconds(last.get("latency_ms"))),
        literal(str(last.get("failures") or "")),
        literal(item.get("path")),
        literal(item.get("error")),
    )


def _known(figures: object) -> dict[str, Any]:
    return figures if isinstance(figures, dict) else {}


def _milliseconds(value: object) -> str:
    return f"{value:g} ms" if isinstance(value, int | float) else ""
