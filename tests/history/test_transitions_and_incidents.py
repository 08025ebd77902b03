"""The log of transitions: incidents with their worst status, and what it says of minutes."""

import pytest

from hero_router.history.rings import MINUTE_MS
from hero_router.history.transitions_and_incidents import (
    Transition,
    chained,
    incidents,
    letters_by_minute,
)

M = MINUTE_MS


def log(*steps: tuple[int, str | None, str]) -> tuple[Transition, ...]:
    return tuple(Transition(at, before, to, f"why {to}") for at, before, to in steps)


def told(*steps: tuple[int, str | None, str]) -> list[tuple[int, int | None, str]]:
    found = incidents(log(*steps), "", 0)
    return [(each["began"], each["ended"], each["status"]) for each in found]


def test_an_incident_is_one_time_with_its_worst_status_and_the_reason_of_that() -> None:
    steps = log(
        (5, None, "healthy"), (10, "healthy", "degraded"), (20, "degraded", "unhealthy"),
        (30, "unhealthy", "degraded"), (47, "degraded", "healthy"),
    )  # fmt: skip
    (found,) = incidents(steps, "", 0)
    assert (found["began"], found["ended"], found["duration_ms"]) == (10, 47, 37)
    assert (found["status"], found["reason"]) == ("unhealthy", "why unhealthy")


def test_an_incident_that_lasts_has_no_end() -> None:
    assert told((5, "healthy", "inactive")) == [(5, None, "inactive")]


def test_incidents_are_the_newest_first() -> None:
    steps = [(1, "healthy", "gone"), (2, "gone", "healthy"), (3, "healthy", "non_rpc")]
    assert told(*steps) == [(3, None, "non_rpc"), (1, 2, "gone")]


def test_an_incident_whose_beginning_is_not_kept_is_left_out() -> None:
    """A guessed beginning is worse than none."""
    assert told((5, "unhealthy", "inactive"), (9, "inactive", "healthy")) == []
    assert told((5, "unhealthy", "healthy")) == []


def test_what_is_not_known_is_no_incident_and_ends_one() -> None:
    assert told((5, "healthy", "unknown"), (9, "unknown", "healthy")) == []
    assert told((5, "healthy", "unhealthy"), (9, "unhealthy", "unknown")) == [(5, 9, "unhealthy")]


def test_a_status_of_a_newer_version_is_no_incident() -> None:
    assert told((5, "healthy", "praised"), (9, "praised", "healthy")) == []


@pytest.mark.parametrize(
    ("minutes", "first", "unwatched"),
    [("hu??lh", 0, 3 * M), ("uuuuuu", 0, 0), ("??????", 2, None),
     ("u?u????", 1, 3 * M)],
)  # fmt: skip
def test_how_much_of_an_incident_nobody_watched_is_known_as_long_as_its_minutes_are_kept(
    minutes: str, first: int, unwatched: int | None
) -> None:
    steps = log((M + 1, "healthy", "unhealthy"), (5 * M, "unhealthy", "healthy"))
    assert incidents(steps, minutes, first)[0]["unwatched_ms"] == unwatched


def test_of_an_incident_that_lasts_all_minutes_up_to_the_last_one_count() -> None:
    (found,) = incidents(log((M + 1, "healthy", "unhealthy")), "?u?l", 0)
    assert found["unwatched_ms"] == 2 * M
    (found,) = incidents(log((4 * M, "healthy", "unhealthy")), "u?u", 3)
    assert found["unwatched_ms"] == M


@pytest.mark.parametrize(("ended", "duration"), [(4, 0), (5, 0), (6, 1)])
def test_a_clock_that_was_set_back_makes_no_negative_duration(ended: int, duration: int) -> None:
    steps = log((5, "healthy", "unhealthy"), (ended, "unhealthy", "healthy"))
    assert incidents(steps, "", 0)[0]["duration_ms"] == duration


def test_a_service_that_came_back_was_gone_before() -> None:
    back = Transition(9, None, "unknown", "")
    newest_first = [back, Transition(5, None, "gone", "gone"), Transition(1, None, "healthy", "")]
    assert [(each.at, each.before) for each in chained(newest_first)] == [
        (1, None), (5, None), (9, "gone"),
    ]  # fmt: skip


def test_what_the_log_itself_says_of_the_status_before_holds() -> None:
    steps = log((5, "healthy", "gone"), (9, "degraded", "healthy"))
    assert chained(reversed(steps)) == steps
    new = log((5, "unknown", "healthy"), (9, None, "unknown"))
    assert chained(reversed(new)) == new


def said(steps: tuple[Transition, ...], first: int, end: int) -> dict[int, set[str]]:
    return {key: set(letters) for key, letters in letters_by_minute(steps, first, end).items()}


def test_a_minute_has_the_status_before_and_after_a_transition_and_whether_it_was_gone() -> None:
    steps = log(
        (M, "healthy", "unhealthy"), (M + 9, "unhealthy", "gone"), (4 * M, "gone", "degraded"),
    )  # fmt: skip
    assert said(steps, 0, 9) == {1: set("hug"), 2: {"g"}, 3: {"g"}, 4: set("gd")}
    assert said(steps, 3, 4) == {3: {"g"}}
    assert said(steps, 1, 2) == {1: set("hug")}
    assert said(steps, 4, 9) == {4: set("gd")}


def test_a_service_that_is_gone_stays_so_up_to_the_end() -> None:
    steps = log((0, "healthy", "gone"), (0, "gone", "healthy"), (2 * M, "healthy", "gone"))
    assert said(steps, 1, 5) == {2: set("hg"), 3: {"g"}, 4: {"g"}}
    assert said(steps[:1], 3, 5) == {3: {"g"}, 4: {"g"}}


def test_a_status_of_a_newer_version_makes_a_minute_not_known() -> None:
    assert letters_by_minute(log((M, "healthy", "praised")), 0, 9) == {1: "h?"}


def test_a_service_that_was_not_probed_yet_says_nothing_of_its_minute() -> None:
    assert letters_by_minute((Transition(M, None, "unknown", ""),), 0, 9) == {}
    unseen = (Transition(M, "unknown", "unknown", "no permission"),)
    assert letters_by_minute(unseen, 0, 9) == {1: "?"}


@pytest.mark.parametrize(
    "junk", [None, 7, [], {}, {"at": "1", "to": "healthy"}, {"at": True, "to": "healthy"},
             {"at": 1}, {"at": 1, "to": 2}, {"at": 1, "from": 3, "to": "healthy"}],
)  # fmt: skip
def test_what_another_program_wrote_is_no_transition(junk: object) -> None:
    assert Transition.from_json(junk) is None


def test_a_transition_is_read_as_it_was_written() -> None:
    value = {"at": 5, "from": "healthy", "to": "degraded", "reason": "slow", "newer": 1}
    assert Transition.from_json(value) == Transition(5, "healthy", "degraded", "slow")
    first = {"at": 5, "from": None, "to": "healthy"}
    for reason in ({}, {"reason": ""}, {"reason": None}):
        assert Transition.from_json({**first, **reason}) == Transition(5, None, "healthy", "")
