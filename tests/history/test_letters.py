"""The letters of the history: their order, those that a record has, and foreign ones."""

import pytest

from hero_router.history.letters import (
    BEFORE,
    BEST_TO_WORST,
    GONE,
    LOST,
    OF_STATUS,
    UNKNOWN,
    UP,
    WATCHED,
    known,
    letter_of,
    worst,
)
from hero_router.model import Status
from tests.support.records import record


def test_letters_mean_the_same_for_ever() -> None:
    """They are in Redis, and the page reads them."""
    assert tuple("?lg-") == (UNKNOWN, LOST, GONE, BEFORE)
    assert OF_STATUS["gone"] == GONE
    assert set("hd") == UP
    assert set("hdniug") == WATCHED
    assert set("hdniug?l-") == set(BEST_TO_WORST)


def test_letters_have_one_order_and_nothing_unwatched_is_up() -> None:
    assert worst("hd?") == "d"
    assert worst("h?") == "?"
    assert worst("") == ""
    assert WATCHED >= UP
    assert not WATCHED & set("?l-")
    assert len(set(BEST_TO_WORST)) == len(BEST_TO_WORST)


def test_letters_of_another_hand_are_not_known() -> None:
    assert known("h\0zé", 6) == "h?????"
    assert known("hhhh", 2) == "hh"


@pytest.mark.parametrize(
    ("status", "letter"),
    [
        (Status.HEALTHY, "h"), (Status.DEGRADED, "d"), (Status.NON_RPC, "n"),
        (Status.INACTIVE, "i"), (Status.UNHEALTHY, "u"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("reason", ["", "why"])
def test_a_service_has_the_letter_of_its_status(status: Status, letter: str, reason: str) -> None:
    assert letter_of(record(status=status, reason=reason)) == letter


def test_only_a_service_that_was_never_probed_has_no_letter() -> None:
    assert letter_of(record(status=Status.UNKNOWN)) == ""
    assert letter_of(record(status=Status.UNKNOWN, reason="no permission")) == "?"
