"""The past in words: nothing is rounded up, and what was not watched is said."""

import time

import pytest

from hero_router.cli.history_text import TO, availability, duration, incident, percent
from tests.history import cases


@pytest.mark.parametrize(("part", "whole", "text"), cases.PERCENT)
def test_a_share_is_rounded_down_so_that_100_per_cent_means_all(
    part: int, whole: int, text: str
) -> None:
    assert percent(part, whole) == text


@pytest.mark.parametrize(("up", "watched", "minutes", "text"), cases.AVAILABILITY)
def test_availability_is_told_with_its_coverage(
    up: int, watched: int, minutes: int, text: str
) -> None:
    row = {"up_minutes": up, "watched_minutes": watched, "minutes": minutes}
    assert availability(row) == text


@pytest.mark.parametrize(("ms", "text"), cases.DURATION)
def test_a_duration_has_its_two_largest_units(ms: int, text: str) -> None:
    assert duration(ms) == text


def test_an_incident_is_told_with_duration_times_and_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began = int(time.mktime((2026, 3, 5, 12, 58, 0, 0, 0, -1))) * 1000
    localtime = time.localtime
    monkeypatch.setattr(time, "localtime", lambda at=began / 1000: localtime(at))
    times = ["12:58", "13:01"]
    item = cases.incident(began=began)
    assert incident(item) == f"down 3 min 20 s, {times[0]}{TO}{times[1]}, no answer in 2 s"
    lasting = {**item, "ended": None, "duration_ms": None, "status": "inactive", "reason": ""}
    assert incident(lasting) == f"no listener since {times[0]}"
    brief = {**item, "ended": began + 59_000, "duration_ms": 59_000}
    assert incident(brief) == f"down 59 s, at {times[0]}, no answer in 2 s"
    blind = {**item, "unwatched_ms": 120_000}
    assert ", not watched for 2 min of it, no answer in 2 s" in incident(blind)


def test_an_incident_of_another_day_has_its_date() -> None:
    assert incident(cases.incident()).startswith("down 3 min 20 s, 2025-11-2")
