"""The command `events`: prints past events, and follows the event stream until Ctrl-C."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from typing import Any

import click
from rich.text import Text

from hero_router.cli.past_events import MAX_EVENTS, Past, Since
from hero_router.cli.router_options import Router, address
from hero_router.cli.services import mark
from hero_router.cli.terminal import console, literal, moment, warn
from hero_router.client.events import Follower
from hero_router.client.http import fetch
from hero_router.feed.filters import Filter
from hero_router.model import CONTROL_EVENTS

REMOVED: Mapping[str, str] = {
    "gone": "its sockets are gone",
    "stale": "nothing has listened on its sockets for too long",
    "forgotten": "its node was forgotten",
}
"""The reasons of `service_removed` events, in words."""

STYLES: Mapping[str, str] = {"resync": "bold red", "stale": "bold yellow", "fresh": "bold green"}


@click.command("events")
@click.option(
    "--since",
    type=Since(),
    help="begin with the past events since this time: 90s, 10m, 2h or 1d ago, or a date and time "
    "such as 2026-11-28T14:30",
)
@click.option(
    "--tail",
    type=click.IntRange(0, MAX_EVENTS),
    metavar="N",
    help="begin with the last N past events",
)
@click.option("--no-follow", is_flag=True, help="print past events only, and end")
@click.option("--cursor", help="begin with the event after this position (the id of an event)")
@click.option("--count", type=click.IntRange(1), metavar="N", help="end after N events")
@click.option("--types", help="print only events of these types (comma-separated list)")
@click.option("--context", help="print only events in these contexts (comma-separated list)")
@click.option(
    "--service",
    help="print only events of services with these names or ids (comma-separated list)",
)
@click.option(
    "--conflate",
    is_flag=True,
    help="if this client falls behind, print only the newest event of each service",
)
@click.option("--json", "as_json", is_flag=True, help="print events as JSON, one object per line")
@address
def command(
    since: Callable[[int], int] | None,
    tail: int | None,
    no_follow: bool,
    cursor: str | None,
    count: int | None,
    as_json: bool,
    router: Router,
    **options: str | bool | None,
) -> None:
    """Follow the event stream until Ctrl-C, from now or from earlier.

    Without --since, --tail or --cursor only new events are printed. After a lost connection the
    command reconnects and goes on with the next event. If events were missed, a `resync` line has
    their number. Each line begins with the time at which the event was published.
    """
    past = since is not None or tail is not None or no_follow
    if past and cursor:
        raise click.UsageError(
            "--cursor says where to begin: leave out --since, --tail, --no-follow"
        )
    query = {name: "1" if value is True else str(value) for name, value in options.items() if value}
    printer = Printer(count, as_json=as_json)
    with suppress(KeyboardInterrupt):
        asyncio.run(
            _run(router, query, cursor, Past(since, tail) if past else None, printer, no_follow)
        )


async def _run(
    router: Router,
    query: Mapping[str, str],
    cursor: str | None,
    past: Past | None,
    printer: "Printer",
    no_follow: bool,
) -> None:
    await _warn_of_unknown(router, query)
    if past is not None:
        wanted = Filter.of(*([query.get(name, "")] for name in ("types", "context", "service")))
        found = await past.fetch(router, wanted)
        for event in found.events:
            printer.show(event["event"], event["id"], event["data"])
            if printer.is_done:
                return
        cursor = found.cursor
    if not no_follow:
        await _follow(router, query, cursor, printer)


async def _follow(
    router: Router, query: Mapping[str, str], cursor: str | None, printer: "Printer"
) -> None:
    follower = Follower(
        router.url,
        cursor,
        query,
        token=router.token,
        on_break=lambda reason: _say_lost(follower, reason),
    )
    async with aclosing(follower.messages()) as messages:
        async for message in messages:
            printer.show(message.event, message.last_id, json.loads(message.data))
            if printer.is_done:
                return


def _say_lost(follower: Follower, reason: str) -> None:
    warn(f"{reason}; connecting again, to go on after {follower.cursor or 'the newest event'}")


async def _warn_of_unknown(router: Router, query: Mapping[str, str]) -> None:
    """Warn if no service has a wanted name or context now: the name may be wrong."""
    if not query.keys() & {"service", "context"}:
        return
    answer = await fetch(router.url, "/api/services", "services", token=router.token)
    for name, keys in (("service", ("name", "id")), ("context", ("context",))):
        known = {item[key] for item in answer["services"] for key in keys}
        for word in filter(None, map(str.strip, query.get(name, "").split(","))):
            if word not in known:
                warn(
                    f"there is no {name} {word!r} now; its events are shown as soon as there is one"
                )


class Printer:
    """Prints events, as lines for people or as JSON, and counts the printed events."""

    def __init__(self, count: int | None, *, as_json: bool) -> None:
        self._left, self._as_json = count, as_json

    @property
    def is_done(self) -> bool:
        """Whether the wanted number of events has been printed."""
        return self._left == 0

    def show(self, event: str, position: str, data: dict[str, Any]) -> None:
        """Print one event; events about the stream itself, such as `resync`, are not counted."""
        if self._as_json:
            value = {"event": event, "id": position or None, "data": data}
            click.echo(json.dumps(value))
        elif event != "ping":
            console().print(line(event, data), soft_wrap=True)
        if self._left is not None and event not in CONTROL_EVENTS:
            self._left -= 1


def line(event: str, data: dict[str, Any]) -> Text:
    """One event as a line for people: time, type, summary."""
    when = moment(data.get("at") or data.get("now")) or moment(time.time() * 1000)
    name = literal(f"{event:<16}", STYLES.get(event, "bold"))
    return Text(f"{when} ", style="bright_black") + name + summary(event, data)


def summary(event: str, data: dict[str, Any]) -> Text:
    """The content of an event in a few words; texts of services are shown literally."""
    if event in _SUMMARIES:
        with suppress(KeyError):
            return _SUMMARIES[event](data)
    record = data.get("service")
    if isinstance(record, dict):
        return _service(record) + mark(record.get("status"))
    pairs = (f"{key}={value}" for key, value in data.items() if value not in ([], None))
    return literal(" ".join(pairs))


def _hello(data: dict[str, Any]) -> Text:
    start = f"after {data['cursor']}" if data["cursor"] else "after a gap"
    return literal(f"connected to worker {data.get('worker')}, {start}")


def _resync(data: dict[str, Any]) -> Text:
    number = "an unknown number of" if data["dropped"] is None else data["dropped"]
    return literal(
        f"missed {number} events ({data.get('reason')}); `hero_router list` has the state"
    )


def _status_change(data: dict[str, Any]) -> Text:
    record = data["service"] if isinstance(data["service"], dict) else {}
    text = _service(record) + mark(data.get("from")) + Text(" → ") + mark(data.get("to"))
    return text + literal(f"  {data.get('reason') or ''}".rstrip())


def _removed(data: dict[str, Any]) -> Text:
    reason = REMOVED.get(str(data["reason"]), data["reason"])
    return _service(data) + literal(f"removed from node {data.get('node')}: {reason}")


def _scan(data: dict[str, Any]) -> Text:
    changes = ", ".join(f"{data[name]} {name}" for name in ("added", "removed", "changed"))
    return literal(f"node {data.get('node')}: {data['discovered']} services; {changes}")


def _stale(data: dict[str, Any]) -> Text:
    return literal(data["detail"])


def _fresh(data: dict[str, Any]) -> Text:
    node = f" of node {data['node']}" if data["node"] else ""
    return literal(f"no longer stale: {data['reason']}{node}")


def _conflated(data: dict[str, Any]) -> Text:
    return literal(f"{data['superseded']} older events are left out")


def _mutes(data: dict[str, Any]) -> Text:
    names = [f"{each['context']}/{each['name']}" for each in data["mutes"]]
    return literal(f"muted: {', '.join(names) or 'no service'}")


_SUMMARIES: Mapping[str, Callable[[dict[str, Any]], Text]] = {
    "hello": _hello,
    "resync": _resync,
    "status_change": _status_change,
    "service_removed": _removed,
    "scan": _scan,
    "stale": _stale,
    "fresh": _fresh,
    "conflated": _conflated,
    "mutes": _mutes,
}


def _service(data: Mapping[str, Any]) -> Text:
    return literal(f"{data.get('context')}/{data.get('name')} ")
