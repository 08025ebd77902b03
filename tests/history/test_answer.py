"""The answers about the past: their head, one service over a span, its detail, and all of it."""

from hero_router.history.answer import (
    MINUTES_VIEW,
    detail,
    head,
    service_history,
    whole_history,
)
from hero_router.history.folding import Cells
from hero_router.history.minute_writes import Span
from hero_router.history.rings import MINUTE_MS
from hero_router.history.span_summary import VIEWS, View
from hero_router.history.transitions_and_incidents import Transition

START = 1440 * 20_000
"""The first minute of a day."""

END = START + 60
HOUR, DAY = VIEWS["1h"], VIEWS["1d"]
BEGAN, ENDED = (START + 50) * MINUTE_MS + 5, (START + 52) * MINUTE_MS + 7
LOG = (
    Transition(BEGAN, "healthy", "unhealthy", "no answer"),
    Transition(ENDED, "unhealthy", "healthy", ""),
)


LETTERS = "h" * 50 + "u?u" + "h" * 7


def cells(view: View) -> Cells:
    """The buckets of a service over a span of minutes, of which it lived the last 60."""
    before = view.count(END) - len(LETTERS)
    return Cells("-" * before + LETTERS, "--" * before + "CO" * len(LETTERS))


INCIDENT = {
    "began": BEGAN,
    "ended": ENDED,
    "duration_ms": ENDED - BEGAN,
    "status": "unhealthy",
    "reason": "no answer",
    "unwatched_ms": MINUTE_MS,
}
TRANSITIONS = [
    {"at": ENDED, "from": "unhealthy", "to": "healthy", "reason": ""},
    {"at": BEGAN, "from": "healthy", "to": "unhealthy", "reason": "no answer"},
]
ROW = {"service_id": "id", "since": START * MINUTE_MS, "up_minutes": 57, "watched_minutes": 59}


def test_an_answer_says_from_when_to_when_it_goes_and_how_long_a_bar_is() -> None:
    assert head(DAY, END) == {
        "span": "1d",
        "bucket_seconds": 900,
        "start": (END - 1440) * MINUTE_MS,
        "end": END * MINUTE_MS,
    }
    assert head(VIEWS["1y"], END) == {
        "span": "1y",
        "bucket_seconds": 86_400,
        "start": (START - 364 * 1440) * MINUTE_MS,
        "end": END * MINUTE_MS,
    }


def test_a_service_has_its_bars_and_its_counted_minutes() -> None:
    found = service_history("id", HOUR, END, Span(START, END - 1), cells(HOUR))
    assert found == {**ROW, "bars": LETTERS, "minutes": 60}


def test_a_service_without_a_history_has_no_beginning() -> None:
    assert service_history("id", HOUR, END, None, cells(HOUR)) == {
        "service_id": "id",
        "since": None,
        "bars": "-" * 60,
        "up_minutes": 0,
        "watched_minutes": 0,
        "minutes": 0,
    }


def test_the_detail_of_one_has_latencies_transitions_and_incidents_of_all_minutes() -> None:
    """Also over a span whose buckets are no minutes."""
    assert detail(HOUR, END, cells(HOUR), cells(MINUTES_VIEW), LOG) == {
        "latency_median": [1.0] * 60,
        "latency_p95": [10.0] * 60,
        "transitions": TRANSITIONS,
        "incidents": [INCIDENT],
    }


def test_all_that_is_kept_of_a_service_has_each_span_by_its_name() -> None:
    kept = {view.name: cells(view) for view in (HOUR, DAY)}
    found = whole_history("id", END, Span(START, END - 1), kept, LOG)
    assert (found["service_id"], found["transitions"]) == ("id", TRANSITIONS)
    assert found["incidents"] == [INCIDENT]
    assert found["spans"] == {
        "1h": {
            **ROW,
            "bars": LETTERS,
            "minutes": 60,
            "latency_median": [1.0] * 60,
            "latency_p95": [10.0] * 60,
        },
        "1d": {
            **ROW,
            "bars": "-" * 92 + "hhhu",
            "minutes": 60,
            "latency_median": [None] * 92 + [1.0] * 4,
            "latency_p95": [None] * 92 + [10.0] * 4,
        },
    }
