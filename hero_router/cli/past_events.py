"""Fetches the past events that the command `events` prints first: since a time, or the last N."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from hero_router.cli.router_options import Router
from hero_router.cli.terminal import moment, warn
from hero_router.client.http import fetch
from hero_router.feed.filters import Filter, Tags
from hero_router.position import Position

MAX_EVENTS = 1000
"""Maximum number of past events in one answer of the router."""

FIELDS = ("events", "cursor", "now", "kept", "first")
"""The fields of that answer that are used."""

_AGO = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

StartOf = Callable[[int], int]
"""Returns the time of the first wanted event, for the router's present time (both Unix ms)."""


class Since(click.ParamType[StartOf]):
    """Parses a time: an age (`90s`, `10m`, `2h`, `1d`), or a date or date and time in ISO 8601."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> StartOf:
        """Parse the time. Raises click.BadParameter."""
        if match := _AGO.fullmatch(str(value)):
            ago_ms = int(float(match[1]) * _UNIT_SECONDS[match[2]] * 1000)
            return lambda now_ms: now_ms - ago_ms
        try:
            start_ms = int(datetime.fromisoformat(str(value)).timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            self.fail(
                f"{value!r} is not a time such as 90s, 10m, 2h, 1d or 2026-11-28T14:30", param, ctx
            )
        return lambda _: start_ms


@dataclass(frozen=True, slots=True)
class Found:
    """Past events, oldest first, and the position after which the event stream goes on."""

    events: Sequence[Mapping[str, Any]]
    cursor: str


@dataclass(frozen=True, slots=True)
class Past:
    """The wanted past events: events since a time, and at most the last `tail`; None for all."""

    since: StartOf | None
    tail: int | None

    async def fetch(self, router: Router, wanted: Filter | None) -> Found:
        """Ask the router for the wanted past events, and warn if some are missing.

        Raises RouterAway.
        """
        path = f"/api/events/recent?n={MAX_EVENTS}"
        answer = await fetch(router.url, path, *FIELDS, token=router.token)
        newest, kept = answer["events"], answer["kept"]
        start_ms = self.since(answer["now"]) if self.since else 0
        first_ms = _kept_since(answer["first"])
        if self.since and first_ms is not None and first_ms > start_ms:
            warn(f"events before {moment(first_ms)} are not kept any more")
        found = [item for item in newest if _at(item["data"]) >= start_ms]
        if wanted is not None:
            found = [item for item in found if wanted.wants(_tags(item))]
        are_enough = self.tail is not None and len(found) >= self.tail
        # A caller who may not see all events has fewer of them than are kept.
        is_cut = MAX_EVENTS <= len(newest) < kept and _at(newest[0]["data"]) >= start_ms
        if is_cut and not are_enough:
            warn(f"only the newest {MAX_EVENTS} of {kept} kept events can be read")
        last = len(found) if self.tail is None else self.tail
        return Found(found[len(found) - last :] if last < len(found) else found, answer["cursor"])


def _kept_since(first: Mapping[str, Any] | None) -> int | None:
    """The time of the oldest kept event; None if no event came before it."""
    position = Position.parse(first["id"]) if first else None
    return _at(first) if first and position is not None and position.seq > 1 else None


def _at(data: Mapping[str, Any]) -> int:
    at = data.get("at")
    return at if isinstance(at, int) else 0


def _tags(item: Mapping[str, Any]) -> Tags:
    """The type, context, id and name of an event, by which filters select events."""
    data = item["data"]
    record = data.get("service")
    about = record if isinstance(record, dict) else data
    texts = (str(about.get(name) or "") for name in ("context", "id", "name"))
    return Tags(item["event"], *texts)
