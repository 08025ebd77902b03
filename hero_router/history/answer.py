"""Builds the JSON answers about the history of services. Pure: no I/O, no clock."""

from collections.abc import Mapping
from typing import TypedDict

from hero_router.history.folding import Cells
from hero_router.history.minute_writes import Span
from hero_router.history.rings import MINUTE_MS
from hero_router.history.span_summary import VIEWS, View, latencies, past
from hero_router.history.transitions_and_incidents import Incident, Log, incidents

MINUTES_VIEW = VIEWS["1d"]
"""The span whose buckets are all the minutes that are kept."""

TransitionFields = TypedDict(
    "TransitionFields", {"at": int, "from": str | None, "to": str, "reason": str}
)
"""One change of a service's status; `at` is Unix ms."""


class ServiceHistory(TypedDict):
    """The past of one service over the span; `since` is Unix ms."""

    service_id: str
    since: int | None
    bars: str
    up_minutes: int
    watched_minutes: int
    minutes: int


class HistoryDetail(TypedDict):
    """The latencies of each bar in ms, and the last transitions and incidents."""

    latency_median: list[float | None]
    latency_p95: list[float | None]
    transitions: list[TransitionFields]
    incidents: list[Incident]


class HistoryHead(TypedDict):
    """The span of an answer; times are Unix ms."""

    span: str
    bucket_seconds: int
    start: int
    end: int


class History(HistoryHead):
    """The past of services over a span, with the detail of one if it was asked for."""

    services: list[ServiceHistory]
    detail: HistoryDetail | None


class SpanHistory(ServiceHistory):
    """The past of one service over one span, with the latencies of each bar in ms."""

    latency_median: list[float | None]
    latency_p95: list[float | None]


class WholeHistory(TypedDict):
    """All that is kept of one service: its past over each span, its transitions and incidents."""

    service_id: str
    spans: Mapping[str, SpanHistory]
    transitions: list[TransitionFields]
    incidents: list[Incident]


def head(view: View, end: int) -> HistoryHead:
    """What an answer says of the span that ends before minute `end`."""
    return {
        "span": view.name,
        "bucket_seconds": view.minutes * 60,
        "start": view.first(end) * view.ring.minutes * MINUTE_MS,
        "end": end * MINUTE_MS,
    }


def service_history(
    service: str, view: View, end: int, span: Span | None, cells: Cells
) -> ServiceHistory:
    """One service's row; `cells` are `spans.whole`."""
    found = past(view, end, span, cells)
    return {
        "service_id": service,
        "since": None if span is None else span.since * MINUTE_MS,
        "bars": found.bars,
        "up_minutes": found.availability.up,
        "watched_minutes": found.availability.watched,
        "minutes": found.availability.minutes,
    }


def detail(view: View, end: int, cells: Cells, minutes: Cells, log: Log) -> HistoryDetail:
    """One service's detail; `minutes` are those of `MINUTES_VIEW`."""
    found = latencies(view, end, cells)
    return {
        "latency_median": found.median,
        "latency_p95": found.p95,
        "transitions": _transitions(log),
        "incidents": incidents(log, minutes.letters, MINUTES_VIEW.first(end)),
    }


def whole_history(
    service: str, end: int, span: Span | None, cells: Mapping[str, Cells], log: Log
) -> WholeHistory:
    """One service's past over all spans; `cells` has those of each span, by its name."""
    minutes = cells[MINUTES_VIEW.name]
    return {
        "service_id": service,
        "spans": {
            name: _span_history(service, VIEWS[name], end, span, each)
            for name, each in cells.items()
        },
        "transitions": _transitions(log),
        "incidents": incidents(log, minutes.letters, MINUTES_VIEW.first(end)),
    }


def _span_history(
    service: str, view: View, end: int, span: Span | None, cells: Cells
) -> SpanHistory:
    median, p95 = latencies(view, end, cells)
    row = service_history(service, view, end, span, cells)
    return {**row, "latency_median": median, "latency_p95": p95}


def _transitions(log: Log) -> list[TransitionFields]:
    """The newest first."""
    return [
        {"at": each.at, "from": each.before, "to": each.to, "reason": each.reason}
        for each in reversed(log)
    ]
