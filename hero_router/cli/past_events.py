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
        """Ask the router for the wanted past events. Raises RouterAway."""
        path = f"/api/events/recent?n={MAX_EVENTS}"
        answer = await fetch(router.url, path, "events", "cursor", "now", token=router.token)
        kept = answer["events"]
        start_ms = self.since(answer["now"]) if self.since else 0
        first = _kept_since(kept)
        if self.since and first is not None and first > start_ms:
            warn(f"events before {moment(first)} are not kept any more")
        found = [item for item in kept if _at(item) >= start_ms]
        if wanted is not None:
            found = [item for item in found if wanted.wants(_tags(item))]
        last = len(found) if self.tail is None else self.tail
        return Found(found[len(found) - last :] if last < len(found) else found, answer["cursor"])


def _kept_since(events: Sequence[Mapping[str, Any]]) -> int | None:
    """The time of the oldest kept event; None if no event came before it."""
    position = Position.parse(events[0]["id"]) if events else None
    return _at(events[0]) if position is not None and position.seq > 1 else None


def _at(item: Mapping[str, Any]) -> int:
    at = item["data"].get("at")
    return at if isinstance(at, int) else 0


def _tags(item: Mapping[str, Any]) -> Tags:
    """The type, context, id and name of an event, by which filters select events."""
    data = item["data"]
    record = data.get("service")
    about = record if isinstance(record, dict) else data
    texts = (str(about.get(name) or "") for name in ("context", "id", "name"))
    return Tags(item["event"], *texts)
