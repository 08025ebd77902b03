"""What the scanner writes after a minute: after an absence, a clock set back, and at first."""

from typing import Any

import pytest

from hero_router.history.folding import NOTHING, Cells
from hero_router.history.minute_writes import (
    LONGEST_GAP,
    Kept,
    Row,
    Span,
    Written,
    anchor,
    gap,
    needs_log,
    write,
)
from hero_router.history.rings import DAYS, HOURS, MINUTES
from hero_router.history.transitions_and_incidents import Transition

START = 1440 * 20_000
"""The first minute of a day."""

M = 60_000
YEAR = 365 * 1440


def written(found: Written) -> list[tuple[str, int, str]]:
    """The letters of the patches."""
    return [(patch.ring.name, patch.first, patch.cells.letters) for patch in found.patches]


@pytest.mark.parametrize(
    ("span", "minute", "earlier"),
    [(None, 10, 9), (Span(0, 5), 10, 5), (Span(0, 10), 10, 9), (Span(0, 15), 10, 9)],
)
def test_what_has_to_be_known_begins_before_all_that_is_written(
    span: Span | None, minute: int, earlier: int
) -> None:
    assert anchor(span, minute) == earlier


@pytest.mark.parametrize(
    ("last", "begun", "needed"),
    [(9, 9, False), (9, 10, True), (9, 11, True), (8, 5, True), (10, 5, True),
     (None, 9, False), (None, 10, True)],
)  # fmt: skip
def test_the_log_is_needed_unless_this_scanner_watched_all(
    last: int | None, begun: int, *, needed: bool
) -> None:
    assert needs_log(None if last is None else Span(0, last), 10, begun) is needed


@pytest.mark.parametrize(
    ("end", "begun", "letters"),
    [(10, 10, ""), (9, 10, ""), (11, 10, "?"), (12, 10, "??"), (13, 12, "?l?"), (13, 13, "?ll"),
     (13, 99, "?ll"), (13, 11, "???"), (13, 0, "???")],
)  # fmt: skip
def test_minutes_that_nobody_wrote_are_lost_while_no_scanner_ran(
    end: int, begun: int, letters: str
) -> None:
    assert gap(10, end, begun) == letters


def test_trouble_that_the_log_tells_of_counts_in_minutes_that_nobody_wrote() -> None:
    log = (
        Transition(11 * M, "healthy", "unhealthy", "why"),
        Transition(13 * M, "unhealthy", "healthy", ""),
        Transition(14 * M, "degraded", "healthy", ""),
        Transition(15 * M, "healthy", "gone", "gone"),
    )
    assert gap(10, 17, 12, log) == "?u?ud" + "gg"
    assert gap(13, 14, 99, log) == "u"


def test_the_first_minute_of_a_service_begins_its_history() -> None:
    found = write(Kept(None), START + 61, Row("d", "CO"), begun=0)
    assert found.span == Span(START + 61, START + 61)
    assert written(found) == [
        ("minutes", START + 61, "d"), ("hours", START // 60 + 1, "d"), ("days", 20_000, "d"),
    ]  # fmt: skip
    assert [patch.cells.figures for patch in found.patches] == ["CO", "11CO", "0101CO"]


def kept(letters: str, since: int, last: int, hours: Cells = NOTHING, **log: Any) -> Kept:
    """A history whose minutes of the hour of the anchor are these."""
    return Kept(Span(since, last), Cells(letters, "CO" * len(letters)), hours, **log)


def test_the_next_minute_is_added_to_its_hour_and_its_day() -> None:
    hours = Cells("h", "yyBB")
    found = write(kept("hu", START, START + 61, hours), START + 62, Row("h", "DP"), begun=0)
    assert written(found) == [
        ("minutes", START + 62, "h"), ("hours", START // 60 + 1, "u"), ("days", 20_000, "u"),
    ]  # fmt: skip
    assert [patch.cells.figures for patch in found.patches] == ["DP", "23CP", "1011BP"]


def test_minutes_of_an_absence_are_written_with_the_next_one() -> None:
    found = write(kept("h" * 58, START, START + 57), START + 61, Row("h"), begun=START + 60)
    assert found.span == Span(START, START + 61)
    assert written(found) == [
        ("minutes", START + 58, "?l?h"), ("hours", START // 60, "l?"), ("days", 20_000, "l"),
    ]  # fmt: skip


def test_a_minute_that_is_written_again_keeps_its_worse_letter() -> None:
    for before, row, after in (("u", "h", "u"), ("h", "u", "u"), ("?", "h", "h"), ("-", "", "?")):
        found = write(kept("hd" + before, START, START + 2), START + 2, Row(row), begun=0)
        assert written(found)[0] == ("minutes", START + 2, after)
        assert found.span == Span(START, START + 2)


def test_what_older_times_left_in_the_ring_does_not_count() -> None:
    """In the place of a minute that was not written yet, or that a later one has overwritten."""
    for found in (
        write(kept("hu", START, START), START + 1, Row("h"), begun=0),
        write(kept("u", START - 5_000, START + 1440), START + 1, Row("h"), begun=0),
        write(kept("uu", START - 5_000, START + 1441), START + 1, Row("h"), begun=0),
    ):
        assert written(found)[0] == ("minutes", START + 1, "h")


def test_the_log_counts_also_after_more_than_a_year() -> None:
    minute = START + YEAR + 5
    log = (Transition((minute - 2) * M, "healthy", "unhealthy", "why"),)
    found = write(kept("h", START, START, log=log), minute, Row("h"), begun=minute)
    (_, _, letters), *_ = written(found)
    assert letters.endswith("lulh")


def test_what_the_log_tells_of_the_minute_counts() -> None:
    log = (Transition((START + 1) * M, "unhealthy", "healthy", ""),)
    found = write(kept("h", START, START, log=log), START + 1, Row("h"), begun=START + 1)
    assert written(found)[0] == ("minutes", START + 1, "u")
    early = write(kept("h", START, START, log=log), START + 2, Row("h"), begun=0)
    assert written(early)[0] == ("minutes", START + 1, "uh")


def test_after_a_clock_was_set_back_the_minutes_ahead_are_not_known() -> None:
    found = write(kept("hhuhh", START, START + 130), START + 3, Row("h"), begun=0)
    assert found.span == Span(START, START + 3)
    assert written(found) == [
        ("minutes", START + 3, "h"), ("minutes", START + 4, "?" * 127),
        ("hours", START // 60, "u"), ("hours", START // 60 + 1, "??"),
        ("days", 20_000, "u"),
    ]  # fmt: skip


def test_a_clock_set_back_before_the_history_lets_it_begin_earlier() -> None:
    found = write(kept("-" * 30, START + 30, START + 40), START + 9, Row("h"), begun=0)
    assert found.span == Span(START + 9, START + 9)
    assert written(found)[:2] == [
        ("minutes", START + 9, "h"), ("minutes", START + 10, "?" * 31),
    ]  # fmt: skip


def test_a_clock_set_back_by_more_than_a_ring_leaves_one_bucket_of_it() -> None:
    found = write(kept("h", START, START + 5_000), START, Row("d"), begun=0)
    assert written(found)[:2] == [
        ("minutes", START, "d"), ("minutes", START + 1, "?" * 1439),
    ]  # fmt: skip


def test_no_more_is_written_than_a_ring_holds() -> None:
    found = write(kept("h", START, START), START + 5_000, Row("d"), begun=START + 5_000)
    assert written(found)[0] == ("minutes", START + 5_000 - 1439, "l" * 1439 + "d")


@pytest.mark.parametrize("jump", [YEAR, YEAR + 5, -YEAR, -YEAR - 5])
def test_after_a_year_nothing_of_the_rings_counts(jump: int) -> None:
    assert LONGEST_GAP == YEAR
    minute = START + jump
    old = kept("u" * 60, START - 10, START, Cells("u" * 24, "zzCO" * 24))
    found = write(old, minute, Row("h"), begun=minute)
    assert found.span == Span(min(START - 10, minute), minute)
    names = {patch.ring.name: patch for patch in found.patches}
    assert len(names["days"].cells.letters) == DAYS.size
    assert len(names["hours"].cells.letters) == HOURS.size
    assert len(names["minutes"].cells.letters) == MINUTES.size
    assert not {*"".join(patch.cells.letters for patch in found.patches)} - set("?lh-")


@pytest.mark.parametrize("jump", [YEAR - 1, 1 - YEAR])
def test_within_a_year_the_day_before_the_absence_still_counts(jump: int) -> None:
    minute = START + jump
    old = kept("u", START, START)
    found = write(old, minute, Row("h"), begun=minute)
    days = [patch for patch in found.patches if patch.ring is DAYS]
    assert days[0].cells.letters[0] == ("u" if jump > 0 else "h")
