"""What is read of the rings over one span: its buckets, what nobody wrote, bars and counts."""

import pytest

from hero_router.history import base62
from hero_router.history.folding import Cells
from hero_router.history.minute_writes import Span
from hero_router.history.rings import DAYS, HOURS, MINUTE_MS, MINUTES, Ring
from hero_router.history.span_summary import (
    DEFAULT_SPAN,
    VIEWS,
    View,
    end_minute,
    latencies,
    past,
    whole,
)

HOUR, DAY, MONTH, YEAR = (VIEWS[name] for name in ("1h", "1d", "30d", "1y"))
START = 1440 * 20_000
"""The first minute of a day."""


def test_the_spans_that_can_be_asked_for() -> None:
    assert [(view.name, view.ring, view.minutes, view.buckets) for view in VIEWS.values()] == [
        ("1h", MINUTES, 1, 60), ("1d", MINUTES, 15, 96),
        ("30d", HOURS, 360, 120), ("1y", DAYS, 1440, 365),
    ]  # fmt: skip
    assert list(VIEWS) == [view.name for view in VIEWS.values()]
    assert DEFAULT_SPAN == "1h"


def test_a_minute_counts_when_its_scanner_had_15_seconds_to_write_it() -> None:
    times = ((START + 1) * MINUTE_MS + 14_999, (START + 1) * MINUTE_MS + 15_000)
    assert [end_minute(at) for at in times] == [START, START + 1]


@pytest.mark.parametrize(
    ("end", "first", "count"),
    [
        (START, START - 1440, 1440),
        (START + 1, START - 1425, 1426),
        (START + 15, START - 1425, 1440),
    ],
)
def test_a_span_ends_with_the_bar_of_the_last_minute(end: int, first: int, count: int) -> None:
    assert (DAY.first(end), DAY.count(end)) == (first, count)


def over_hours(letters: str, last: int, *, end: int, lost: bool = False) -> Cells:
    """The last hours of a service since `START`, whose last written minute is `last`."""
    before = MONTH.count(end) - len(letters)
    cells = Cells("-" * before + letters, "00--" * before + "yyCO" * len(letters))
    found = whole(MONTH, end, Span(START, last), cells, lost=lost)
    return Cells(found.letters[before:], found.figures[before * 4 :])


@pytest.mark.parametrize(
    ("late", "lost", "letters"),
    [
        (0, False, "uh"), (0, True, "uh"), (1, False, "u?"), (1, True, "u?"),
        (2, False, "u?"), (2, True, "ul"), (59, False, "u?"), (59, True, "ul"),
        (60, False, "u??"), (60, True, "ull"), (181, True, "ullll"),
    ],
)  # fmt: skip
def test_what_nobody_wrote_makes_the_last_hour_and_later_ones_not_known_or_lost(
    late: int, letters: str, *, lost: bool
) -> None:
    """The first minute after the last one may have been watched."""
    last = START + 60
    end = last + 1 + late
    found = over_hours("uh" + "u" * (len(letters) - 2), last, end=end, lost=lost)
    assert found.letters == letters
    assert found.figures == "yyCO" * 2 + "00--" * (len(letters) - 2)


def test_an_hour_that_was_written_to_its_end_stays_as_it_is() -> None:
    last = START + 59
    assert over_hours("hh", last, end=last + 2) == ("h?", "yyCO00--")
    assert over_hours("hh", last, end=last + 3, lost=True) == ("hl", "yyCO00--")


def test_trouble_in_an_hour_stays_where_its_last_minutes_are_not_known() -> None:
    assert over_hours("hu", START + 70, end=START + 80, lost=True) == ("hu", "yyCO" * 2)


def test_an_hour_that_was_written_but_for_its_last_minute_is_not_known() -> None:
    found = over_hours("duhh", START + 178, end=START + 182, lost=True)
    assert found == ("du?l", "yyCO" * 3 + "00--")


def test_of_a_scanner_that_is_long_gone_the_whole_span_is_lost() -> None:
    found = whole(HOUR, START + 5_000, Span(START, START), Cells("h" * 60, "CO" * 60), lost=True)
    assert found == ("l" * 60, "--" * 60)
    found = whole(HOUR, START + 61, Span(START, START), Cells("h" * 60, "CO" * 60), lost=True)
    assert found.letters == "?" + "l" * 59
    hours = MONTH.count(START)
    cells = Cells("h" * hours, "yyCO" * hours)
    found = whole(MONTH, START, Span(0, START - 31 * 1440), cells, lost=True)
    assert found == ("l" * hours, "00--" * hours)


def test_a_service_without_a_history_has_empty_bars() -> None:
    cells = whole(YEAR, START, None, Cells("", ""), lost=True)
    assert cells == ("-" * 365, "0000--" * 365)
    assert past(YEAR, START, None, cells) == ("-" * 365, (0, 0, 0))
    assert past(MONTH, START, None, cells).bars == "-" * 120


def test_bars_are_the_worst_of_their_buckets_and_hours_bring_their_counts() -> None:
    end = START + 600
    before = MONTH.count(end) - 10
    hours = ["yy"] * 4 + ["xw"] + ["yy"] * 5  # digits of 60, 59 and 58
    cells = Cells(
        "-" * before + "hhhhuhhhhd", "00--" * before + "".join(each + "CO" for each in hours)
    )
    found = past(MONTH, end, Span(START, end - 1), cells)
    assert found == ("-" * 118 + "ud", (599, 598, 600))
    assert past(MONTH, end, Span(START - 5, end - 1), cells).availability.minutes == 605
    whole_span = 119 * 360 + 240
    assert past(MONTH, end, Span(0, end - 1), cells).availability.minutes == whole_span
    assert past(MONTH, end, Span(START, end - 9), cells).availability.minutes == 600
    assert past(MONTH, end, Span(START, end), cells).availability.minutes == 600


@pytest.mark.parametrize("view", [MONTH, YEAR])
@pytest.mark.parametrize("begun", [0, 5, 20 * 1440, 800 * 1440])
@pytest.mark.parametrize("ahead", [0, 1, 9, 3 * 1440])
def test_of_a_service_that_is_watched_all_the_time_all_minutes_are_watched(
    view: View, begun: int, ahead: int
) -> None:
    """Whether minutes are written already that readers do not count yet, or not.

    Those of them that begin a new bucket may have overwritten the first ones of the span.
    """
    ring = view.ring
    for boundary in (60, 360, 1440, 2880):
        for end in range(START + boundary - 3, START + boundary + 4):
            span = Span(START - begun, end - 1 + ahead)
            first = view.first(end)
            numbers = range(first, first + view.count(end))
            counts = "".join(figures(ring, number, span) for number in numbers)
            cells = whole(view, end, span, Cells("h" * len(numbers), counts), lost=False)
            found = past(view, end, span, cells).availability
            over = range(
                max(first, ring.number(span.since)), ring.number(span.last) + 1 - ring.size
            )
            assert found.up == found.watched == found.minutes - len(over) * ring.minutes


def figures(ring: Ring, number: int, span: Span) -> str:
    """The counts of a bucket of a service that was up in every minute of its history."""
    first = max(number * ring.minutes, span.since)
    minutes = max(min((number + 1) * ring.minutes, span.last + 1) - first, 0)
    digits = base62.number(minutes, (ring.width - base62.LATENCIES) // 2)
    return f"{digits}{digits}--"


def test_a_history_that_begins_after_the_span_has_no_minutes() -> None:
    found = past(HOUR, START, Span(START + 5, START + 9), Cells("-" * 60, "--" * 60))
    assert found.availability == (0, 0, 0)


def test_minutes_are_counted_by_their_letters_and_from_the_begin_of_the_span() -> None:
    letters = "h" * 30 + "dniug?l" + "h" * 23
    found = past(HOUR, START, Span(START - 500, START - 1), Cells(letters, "CO" * 60))
    assert found == (letters, (54, 58, 60))


def test_latencies_of_a_bar_are_those_of_its_buckets() -> None:
    end = START + 600
    before = MONTH.count(end) - 10
    figures = "00--" * before + "".join(f"yy{median}{p95}" for median, p95 in zip(
        "1123339999", "2345678999", strict=True
    ))  # fmt: skip
    found = latencies(MONTH, end, Cells("-" * before + "h" * 10, figures))
    assert found.median == [None] * 118 + [0.15, 0.56]
    assert found.p95 == [None] * 118 + [0.38, 0.56]
    days = latencies(YEAR, end, Cells("h" * 365, "yyyyCO" * 365))
    assert (days.median, days.p95) == ([1.0] * 365, [10.0] * 365)
