"""Logs of the soak that are right, and for each judge logs that break its law; how they are made.

Two services change in turns: ten events of one epoch, and five of the next.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hero_router.position import Position
from tests.soak.log import CLOSED, OPENED, REFUSED, SNAPSHOT, Entry, Log, fingerprint
from tests.soak.truth import Event, Truth

WINDOW = 4
BEGAN = 1_000.0


def p(text: str) -> Position:
    place = Position.parse(text)
    assert place is not None
    return place


def record(place: Position) -> dict[str, Any]:
    """The state that the event at a place gives to one of two services."""
    return {"id": "ab"[place.seq % 2], "number": str(place)}


def happened(text: str) -> Event:
    """Each event is published at the second of its number."""
    place = p(text)
    data = json.dumps({"service": record(place)})
    return Event(place, "service_updated", data, int((BEGAN + place.seq) * 1000))


FIRST = [happened(f"1-{seq}") for seq in range(1, 11)]
SECOND = [happened(f"2-{seq}") for seq in range(1, 6)]
LOST = [["scanner", "n"]]
"""The doubt that a node's scanner is gone."""

REGISTRY = {"a": fingerprint(record(p("2-4"))), "b": fingerprint(record(p("2-5")))}
TRUTH = Truth([*FIRST, *SECOND], REGISTRY, WINDOW)


def entry(kind: str, place: str | None = None, **data: Any) -> Entry:
    return Entry(kind, None if place is None else p(place), json.dumps(data))


def opened(place: str | None = None) -> Entry:
    return entry(OPENED, place)


def hello(place: str | None) -> Entry:
    return entry("hello", place, run_id="x")


def event(place: str, **fields: Any) -> Entry:
    known = happened(place)
    data = json.dumps({"service": {**record(known.place), **fields}})
    return Entry(known.kind, known.place, replace(known, data=data).sent)


def resync(place: str, dropped: int | None) -> Entry:
    return entry("resync", place, dropped=dropped, run_id="x", after_ms=0, reason="lagged")


def snapshot(
    cursor: str,
    state: Mapping[str, str] = {},
    *,
    run_id: str = "x",
    stale: Sequence[Sequence[str]] = (),
) -> Entry:
    return entry(SNAPSHOT, None, cursor=cursor, run_id=run_id, stale=stale, state=state)


def events(epoch: int, first: int, last: int) -> list[Entry]:
    return [event(f"{epoch}-{seq}") for seq in range(first, last + 1)]


def odd(epoch: int, first: int, last: int) -> list[Entry]:
    """Those about the service of odd numbers."""
    return events(epoch, first, last)[::2]


def conflated(place: str, superseded: int, to: str) -> Entry:
    return entry("conflated", place, superseded=superseded, to=to)


def log(*entries: Entry, step: float = 4.0, conflates: bool = True, only: str | None = None) -> Log:
    """Entries come `step` seconds apart, from when all has been published."""
    made = Log("c1", conflates=conflates, only=only)
    for number, one in enumerate(entries):
        made.add(one, BEGAN + 10 + step * number)
    return made


START = (opened(), hello("1-2"), snapshot("1-2"))

GOOD = {
    "all in one go": (*START, *events(1, 3, 10), *events(2, 1, 5)),
    "came back": (
        *START, *events(1, 3, 5), entry(CLOSED), opened("1-5"), hello("1-5"),
        *events(1, 6, 10), entry("ping", "1-10"), *events(2, 1, 5),
    ),
    "trimmed": (
        *START, event("1-3"), entry(CLOSED), opened("1-3"), hello(None), resync("1-6", 3),
        snapshot("1-6"), *events(1, 7, 10), *events(2, 1, 5),
    ),
    "lagged across epochs": (
        *START, resync("1-9", 7), snapshot("1-9"), event("1-10"), *events(2, 1, 5),
    ),
    "an epoch that is gone": (
        *START, event("1-3"), resync("2-0", None), snapshot("2-0"), *events(2, 1, 5),
    ),
    "what Redis lost": (
        *START, *events(1, 3, 12), resync("1-9", None), snapshot("1-9"), event("1-10"),
        *events(2, 1, 5),
    ),
    "a cold worker": (
        *START, entry(CLOSED), opened("1-2"), hello(None), entry("ping"), hello("1-2"),
        *events(1, 3, 10), *events(2, 1, 5),
    ),
    "a hello anew": (*START, *events(1, 3, 10), hello("1-10"), *events(2, 1, 5)),
    "a late snapshot": (
        opened(), hello("1-2"), *events(1, 3, 10), snapshot("1-1"), snapshot("1-4"),
        *events(2, 1, 5),
    ),
    "a snapshot with doubts": (
        opened(), hello("1-2"), snapshot("1-2", {"c": "?"}, stale=LOST), snapshot("1-2"),
        *events(1, 3, 10), *events(2, 1, 5),
    ),
    "a lost scanner": (
        *START, entry("stale", reason="scanner", node="n"), *events(1, 3, 10),
        entry("fresh", reason="scanner", node="n"), *events(2, 1, 5), snapshot("2-5", REGISTRY),
    ),
    "conflated": (
        *START, conflated("1-2", 5, "1-10"), event("1-6"), *events(1, 9, 10), *events(2, 1, 5),
    ),
    "conflated and cut off": (
        *START, conflated("1-2", 5, "1-10"), event("1-6"), entry(CLOSED), opened("1-6"),
        hello("1-6"), conflated("1-6", 2, "1-10"), *events(1, 9, 10), *events(2, 1, 5),
    ),
    "from the very beginning": (
        opened(), hello("0-0"), snapshot("0-0"), *events(1, 1, 10), *events(2, 1, 5),
    ),
}  # fmt: skip

ONE = "b"
"""The service of all events with odd numbers."""

GOOD_OF_ONE = {
    "pings take it on": (
        *START, *odd(1, 3, 9), entry("ping", "1-10"), *odd(2, 1, 5),
    ),
    "came back": (
        *START, event("1-3"), entry("ping", "1-4"), entry(CLOSED), opened("1-4"), hello("1-4"),
        *odd(1, 5, 9), *odd(2, 1, 5),
    ),
    "a hello anew takes it on": (
        *START, *odd(1, 3, 9), hello("1-10"), entry(CLOSED), opened("1-10"), hello("1-10"),
        *odd(2, 1, 5),
    ),
    "trimmed": (
        *START, event("1-3"), entry(CLOSED), opened("1-3"), hello(None), resync("1-6", 3),
        snapshot("1-6"), *odd(1, 7, 9), *odd(2, 1, 5),
    ),
    "lagged, but was passed over one before": (
        *START, event("1-3"), resync("1-6", 2), snapshot("1-6"), *odd(1, 7, 9), *odd(2, 1, 5),
    ),
    "an epoch that is gone": (
        *START, event("1-3"), resync("2-0", None), snapshot("2-0"), *odd(2, 1, 5),
    ),
    "what Redis lost": (
        *START, *odd(1, 3, 11), resync("1-9", None), snapshot("1-9"), *odd(2, 1, 5),
    ),
}  # fmt: skip

BAD: dict[str, list[Sequence[Entry]]] = {
    "ordered": [
        (*START, event("1-4"), event("1-3")),
        (*START, event("2-1"), event("1-3")),
        (*START, event("1-3"), event("1-3")),
        (*START, event("1-3"), resync("1-9", 6), event("1-2")),
    ],
    "unique": [
        (*START, event("1-3"), event("1-4"), event("1-3")),
        (*START, event("1-3"), entry(CLOSED), opened("1-3"), hello("1-3"), event("1-3")),
    ],
    "genuine": [
        (*START, event("1-3", number="another")),
        (*START, Entry("status_change", p("1-3"), event("1-3").data)),
        (*START, Entry("service_updated", None, event("1-3").data)),
        (*START, event("2-6")),
        (*START, event("3-1")),
        (*START, event("1-11"), resync("1-9", None), event("1-11", number="another")),
    ],
    "reliable": [
        (*START, event("1-4")),
        (*START, event("1-3"), event("2-1")),
        (*START, *events(1, 3, 12), event("2-1")),
        (*START, *events(1, 3, 10), event("2-2")),
        (*START, entry(CLOSED), opened("1-2"), hello("1-4"), event("1-5")),
        (opened(), event("1-3")),
        (opened(), resync("1-3", 1)),
        (*START, resync("1-6", 3), event("1-7")),
        (*START, resync("1-6", 5), event("1-7")),
        (*START, resync("1-6", None), event("1-7")),
        (*START, resync("1-2", 0), event("1-3")),
        (*START, *events(1, 3, 10), resync("1-9", None)),
        (*START, *events(1, 3, 10), resync("2-1", 1)),
        (*START, *events(1, 3, 10), resync("2-2", None)),
        (*START, resync("1-6", 4), resync("1-6", 4), event("1-7")),
        (*START, resync("1-6", 4), event("1-8")),
        (*START, conflated("1-2", 2, "1-5"), event("1-5"), event("1-7")),
        (*START, conflated("1-2", 2, "1-5"), event("1-7")),
        (*START, conflated("1-2", 2, "1-5"), entry(CLOSED), opened("1-2"), hello("1-2"),
         event("1-5")),
    ],
    "conflated": [
        (*START, conflated("1-2", 3, "1-5"), event("1-5")),
        (*START, conflated("1-2", 1, "1-5"), event("1-5")),
        (*START, conflated("1-2", 2, "1-5"), *events(1, 4, 5)),
        (*START, conflated("1-2", 0, "1-4"), *events(1, 3, 4)),
    ],
    "filtered": [
        (*START, event("1-3"), event("1-4")),
        (*START, event("1-5")),
        (*START, event("1-3"), entry("ping", "1-5")),
        (*START, event("1-3"), entry("ping", "1-6")),
        (*START, event("1-3"), hello("1-6")),
        (*START, event("1-3"), entry("ping", "1-4"), entry("ping", "1-3")),
        (*START, *odd(1, 3, 7), event("2-1")),
        (*START, event("1-3"), resync("1-6", 4), event("1-7")),
        (*START, event("1-3"), resync("1-6", 1), event("1-7")),
        (*START, event("1-3"), resync("1-6", None), event("1-7")),
        (*START, *odd(1, 3, 9), entry("ping", "1-10"), resync("2-2", 1)),
    ],
    "resumable": [
        (*START, event("1-3"), entry(CLOSED), opened("1-2"), hello("1-2")),
        (*START, event("1-3"), entry(CLOSED), opened(), hello("1-3")),
        (*START, entry(CLOSED), opened("1-2"), event("1-3")),
        (*START, entry(CLOSED), opened("1-2"), resync("1-6", 4)),
        (*START, entry(CLOSED), opened("1-2"), hello(None), event("1-3")),
        (*START, entry(CLOSED), opened("1-2"), hello(None), entry("ping", "1-2")),
    ],
    "bookmark": [
        (*START, entry("ping", "1-3"), event("1-3")),
        (*START, event("1-3"), entry("ping", "1-2")),
        (*START, hello("1-3"), event("1-3")),
        (*START, event("1-3"), entry(CLOSED), opened("1-3"), hello("1-10")),
        (opened(), entry("ping", "1-3")),
        (*START, conflated("1-3", 1, "1-5"), event("1-5")),
    ],
    "welcome": [(*START, entry(CLOSED), opened("1-2"), entry(REFUSED, status=503))],
    "final": [
        START,
        (*START, *events(1, 3, 10), *events(2, 1, 4)),
        (*START, resync("1-10", 8), *events(2, 1, 5)),
        (
            opened(), hello("1-2"), snapshot("1-2", {"c": "gone"}),
            *events(1, 3, 10), *events(2, 1, 5),
        ),
        (*START, *events(1, 3, 10), *events(2, 1, 4), event("2-5", number="another")),
        (*START, resync("1-10", 8), snapshot("1-9"), *events(2, 1, 5)),
        (*START, resync("1-10", 8), snapshot("1-10", run_id="y"), *events(2, 1, 5)),
        (*START, resync("1-10", 8), snapshot("2-5", stale=LOST), *events(2, 1, 5)),
        (opened(), hello("1-2"), snapshot("2-5"), *events(1, 3, 10), *events(2, 1, 5)),
    ],
    "attended": [],
}  # fmt: skip
