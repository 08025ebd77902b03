"""The command `describe`: shows all details of one service, as lines and a table or as JSON."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import click
from rich.table import Table
from rich.text import Text

from hero_router.cli import history_text
from hero_router.cli.lookup import find_service
from hero_router.cli.mute import describe as described
from hero_router.cli.router_options import Router, address
from hero_router.cli.selection import service_names
from hero_router.cli.services import mark
from hero_router.cli.terminal import Column, age, console, literal, moment, table, warn
from hero_router.client.http import RequestRefused, fetch
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

MOST_INCIDENTS = 5
"""Most incidents that are listed, the newest first."""


@click.command("describe")
@click.argument("name", shell_complete=service_names)
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@address
def command(name: str, as_json: bool, router: Router) -> None:
    """Show all details of one service, with its last day and its last incidents.

    NAME is the name or the id of the service. Exits with 1 if no service has this name or id. If
    several services have the name, their ids are listed, and the exit code is 1 too.
    """
    service, past = asyncio.run(_ask(router, name))
    if as_json:
        click.echo(json.dumps({**service, "history": past}, indent=2))
        return
    for condition in service["stale"]:
        warn(f"stale: {clean(condition.get('detail'))}")
    out = console()
    for line in (*facts(service, router.url), *past_facts(past)):
        out.print(line, soft_wrap=True)
    out.print(Text(""), sockets_table(service, out.width))


async def _ask(router: Router, name: str) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The service, and its history of the last day; None if the router cannot read that."""
    service = await find_service(router, name)
    path = f"/api/history?span=1d&service={quote(str(service['id']), safe='')}"
    try:
        past = await fetch(router.url, path, "start", "services", "detail", token=router.token)
    except RequestRefused as error:
        warn(f"the history is not known: {error}")
        return service, None
    return service, past


def facts(service: Mapping[str, Any], url: str) -> Iterator[Text]:
    """The details of a service, one per line; empty details are left out.

    `url` is the router's own address.
    """
    yield from _lines((*_facts(service), *_addresses(service, url)))


def past_facts(history: Mapping[str, Any] | None) -> Iterator[Text]:
    """Availability of the last day and the last incidents of a service, one per line."""
    if history is None:
        return
    for row in history["services"]:
        text = history_text.availability(row)
        if text and row["since"] > history["start"]:
            text += f", since {moment(row['since'])}"
        yield from _lines([("last day", Text(text))])
    for item in history["detail"]["incidents"][:MOST_INCIDENTS]:
        yield from _lines([("incident", literal(history_text.incident(item)))])


def _lines(named: Iterable[tuple[str, Text]]) -> Iterator[Text]:
    for name, value in named:
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
    yield "muted", _muted(service.get("muted"))
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


def _addresses(service: Mapping[str, Any], url: str) -> Iterator[tuple[str, Text]]:
    """Where each socket is reached through the router, or why it is not reached.

    A router gives no addresses to callers that may not call services.
    """
    for socket, link in (service.get("addresses") or {}).items():
        yield f"url of {clean(socket)}", literal(_url(link, url) or link.get("note"))


def _url(link: Mapping[str, Any], url: str) -> str:
    if link.get("path"):
        return f"{url}{link['path']}"
    if not link.get("host"):
        return ""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{link['host']}{port}{link['host_path']}"


def _since(unix_ms: object) -> Text:
    return Text(f"{moment(unix_ms)} ({age(unix_ms)} ago)" if moment(unix_ms) else "")


def _last_known(service: Mapping[str, Any]) -> Text:
    """The last status and reason of a service whose node has lost its scanner."""
    if "last_status" not in service:
        return Text("")
    return mark(service["last_status"]) + literal(f" {service.get('last_reason') or ''}".rstrip())


def _muted(mute: object) -> Text:
    return literal(described(mute)) if isinstance(mute, dict) else Text("")


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
