"""The command `mute`: mutes a service, so that no webhook messages are sent about it."""

import asyncio
import json
import re
import time
from datetime import datetime
from typing import Any

import click

from hero_router.cli.router_options import Router, address
from hero_router.cli.selection import service_names
from hero_router.cli.terminal import moment
from hero_router.client.http import call
from hero_router.sanitize import clean

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Duration(click.ParamType[int]):
    """Parses a duration such as `90s`, `10m`, `2h` or `1d` into seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse the duration. Raises click.BadParameter."""
        match = _DURATION.fullmatch(str(value))
        seconds = int(float(match[1]) * _UNIT_SECONDS[match[2]]) if match else 0
        if seconds < 1:
            self.fail(f"{value!r} is not a duration such as 90s, 10m, 2h or 1d", param, ctx)
        return seconds


class Moment(click.ParamType[int]):
    """Parses a date and time in ISO 8601 that is to come, into the seconds until then."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse the time. Raises click.BadParameter."""
        try:
            seconds = int(datetime.fromisoformat(str(value)).timestamp() - time.time())
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is not a time such as 2026-11-28T14:30", param, ctx)
        if seconds < 1:
            self.fail(f"{value!r} is not in the future", param, ctx)
        return seconds


@click.command("mute")
@click.argument("service", shell_complete=service_names)
@click.option("--for", "duration", type=Duration(), help="for how long: 90s, 10m, 2h, 1d")
@click.option("--until", type=Moment(), help="until when, such as 2026-11-28T14:30")
@click.option("--note", help="why; everyone who sees the service sees the note")
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@address
def command(
    service: str,
    duration: int | None,
    until: int | None,
    note: str | None,
    as_json: bool,
    router: Router,
) -> None:
    """Mute a service: no webhook messages are sent about it.

    SERVICE is a name or an id. Without --for or --until it stays muted until `hero_router unmute`.
    If its status is then another one than before, a webhook message says so. Everyone who sees the
    service sees who has muted it, until when, and the note.
    """
    if duration and until:
        raise click.UsageError("--for and --until both say when the mute ends: use one of them")
    asked = {"id": service, "seconds": duration or until, "note": note}
    params = {name: value for name, value in asked.items() if value}
    mute = asyncio.run(call(router.url, "router.mute", params, token=router.token))
    if as_json:
        click.echo(json.dumps(mute, indent=2))
    else:
        click.echo(f"{clean(mute['context'])}/{clean(mute['name'])} is muted {describe(mute)}")


def describe(mute: dict[str, Any]) -> str:
    """A mute in a few words: until when, by whom, and the note."""
    until = f"until {moment(mute.get('until'))}" if mute.get("until") else "until it is unmuted"
    note = f": {clean(mute.get('note'))}" if mute.get("note") else ""
    return f"{until}, by {clean(mute.get('by'))}{note}"
