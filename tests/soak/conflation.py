"""Judges of who asks for the newest events alone: what is left out is counted, and nothing else is.

Each service's newest event has to come: one that is left out would never be made up for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from hero_router.position import ORIGIN, Position
from tests.soak.log import OPENED, Entry, Log
from tests.soak.truth import Truth


@dataclass(slots=True)
class Span:
    """What a `conflated` frame tells of: up to `to`, so many events are superseded by others."""

    start: Position
    to: Position
    superseded: int
    got: int = 0

    @classmethod
    def told(cls, entry: Entry) -> Self | None:
        """That of a `conflated` frame; None if it tells nothing."""
        to = Position.parse(entry.payload["to"])
        return to and entry.place and cls(entry.place, to, entry.payload["superseded"])

    def fault(self, truth: Truth) -> str | None:
        """What is wrong with it, once its last event has come."""
        lie = truth.between(self.start, self.to)
        if self.superseded > 0 and self.got + self.superseded == lie:
            return None
        return f"{self.superseded} superseded and {self.got} sent of {lie} up to {self.to}"


def spans(log: Log) -> Iterator[tuple[int, Span]]:
    """The entries that a `conflated` frame covers, from itself on; each connection begins anew."""
    span: Span | None = None
    for index, entry in enumerate(log.entries):
        if entry.kind in (OPENED, "resync"):
            span = None
        elif entry.kind == "conflated":
            span = Span.told(entry)
        elif entry.is_event and span is not None and entry.place is not None:
            span.got += 1
            span = span if entry.place <= span.to else None
        if span is not None:
            yield index, span


def lacking(log: Log, truth: Truth) -> Iterator[tuple[int, str]]:
    """At each moment at which such a client is told that it has all, and in the end: the services
    whose newest event it was not sent, since it began anew."""
    if not log.conflates or log.only is not None:
        return
    had, place, base = dict[str, Position](), None, ORIGIN
    last = len(log.entries) - 1
    for index, entry in enumerate(log.entries):
        if entry.kind == "resync" or (entry.kind == "hello" and place is None):
            base = place = entry.place or place or ORIGIN
            had.clear()
        elif entry.is_event and entry.place is not None:
            place = entry.place
            if entry.service is not None:
                had[entry.service] = place
        told = entry.kind == "ping" and entry.place == place is not None
        if place is not None and (told or (index == last and place == truth.head)):
            yield from ((index, text) for text in _missing(had, base, place, truth))


def _missing(
    had: dict[str, Position], base: Position, place: Position, truth: Truth
) -> Iterator[str]:
    for service in truth.services:
        due = [one for one in truth.passed(service, base, place) if one not in truth.deleted]
        if due and had.get(service, ORIGIN) < due[-1]:
            yield f"has all up to {place}, but not {due[-1]}, the newest event of {service}"
