"""The history of a service as text: availability and its coverage, incidents, durations.

`static/js/fleet/history_bars.js` has the same sentences for the page.
"""

import time
from collections.abc import Mapping
from typing import Any

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))

TO = "\u2013"
"""Between two times."""

VERBS: Mapping[str, str] = {
    "degraded": "degraded",
    "unhealthy": "down",
    "inactive": "no listener",
    "non_rpc": "not HTTP",
    "gone": "gone",
}
"""How an incident begins, by its worst status."""


def percent(part: int, whole: int) -> str:
    """A share, rounded down to a tenth of a per cent, and near 100 % to a thousandth.

    So 100 % means all. `part` is at most `whole`, which is not 0.
    """
    tenths = part * 1000 // whole
    if tenths < 999:
        return f"{tenths / 10:g} %"
    return f"{part * 100_000 // whole / 1000:g} %"


def availability(row: Mapping[str, Any]) -> str:
    """The availability of a service in an answer of `/api/history`, with its coverage if not all.

    "99.2 % of the 94 % watched"; "" without a history.
    """
    up, watched, minutes = row["up_minutes"], row["watched_minutes"], row["minutes"]
    if not minutes:
        return ""
    if not watched:
        return "not watched"
    share = percent(up, watched)
    return share if watched >= minutes else f"{share} of the {percent(watched, minutes)} watched"


def duration(ms: int) -> str:
    """A duration in its two largest units: "3 min 20 s"."""
    seconds = max(ms // 1000, 0)
    first = next((at for at, (_, size) in enumerate(UNITS) if seconds >= size), len(UNITS) - 1)
    unit, size = UNITS[first]
    text = f"{seconds // size} {unit}"
    if first + 1 == len(UNITS):
        return text
    lower, lower_size = UNITS[first + 1]
    rest = seconds % size // lower_size
    return f"{text} {rest} {lower}" if rest else text


def incident(item: Mapping[str, Any]) -> str:
    """An incident: for how long, from when to when, and why."""
    verb, reason = VERBS.get(item["status"], item["status"]), item["reason"]
    if item["ended"] is None:
        parts = [f"{verb} since {_clock(item['began'])}"]
    else:
        began, ended = _clock(item["began"]), _clock(item["ended"])
        times = f"at {began}" if began == ended else f"{began}{TO}{ended}"
        parts = [f"{verb} {duration(item['duration_ms'])}", times]
    if item["unwatched_ms"]:
        parts.append(f"not watched for {duration(item['unwatched_ms'])} of it")
    return ", ".join([*parts, *([reason] if reason else [])])


def _clock(unix_ms: int) -> str:
    when = time.localtime(unix_ms / 1000)
    today = when[:3] == time.localtime()[:3]
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", when)
