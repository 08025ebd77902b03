"""`describe` prints the last day and the last incidents of a service."""

from typing import Any

from hero_router.cli.describe import MOST_INCIDENTS, past_facts
from hero_router.cli.terminal import moment
from tests.history import cases

START = 1_764_200_000_000
ROW = {"up_minutes": 932, "watched_minutes": 940, "minutes": 1000, "since": START - 1}


def history(*incidents: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An answer of the router."""
    row = {**ROW, **fields}
    return {"start": START, "services": [row], "detail": {"incidents": list(incidents)}}


def test_availability_with_its_coverage_and_the_newest_incidents() -> None:
    incidents = [cases.incident(reason=f"reason {number}") for number in range(9)]
    first, *rest = [line.plain for line in past_facts(history(*incidents))]
    assert first.split("  ")[0] == "last day"
    assert first.endswith("99.1 % of the 94 % watched")
    assert len(rest) == MOST_INCIDENTS
    assert rest[0].startswith("incident")
    assert rest[0].endswith("reason 0")


def test_a_reason_cannot_write_on_the_terminal() -> None:
    told = past_facts(history(cases.incident(reason="a\x1b[2Jb")))
    assert "\x1b" not in "".join(line.plain for line in told)


def test_a_history_that_is_shorter_than_a_day_says_since_when() -> None:
    (line,) = past_facts(history(since=START + 60_000))
    assert line.plain.endswith(f"99.1 % of the 94 % watched, since {moment(START + 60_000)}")


def test_without_a_history_nothing_is_printed() -> None:
    assert list(past_facts(None)) == []
    nothing = history(up_minutes=0, watched_minutes=0, minutes=0, since=None)
    assert list(past_facts(nothing)) == []
