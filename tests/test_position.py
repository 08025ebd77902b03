"""Positions: one spelling, a strict reader, and an order that is that of the events."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.position import ORIGIN, Position

parts = st.integers(0, 2**64 - 1)
positions = st.builds(Position, parts, parts)


@given(positions)
def test_what_is_written_is_read_back(place: Position) -> None:
    assert Position.parse(str(place)) == place


@given(st.text())
def test_whatever_is_read_is_written_the_same(text: str) -> None:
    place = Position.parse(text)
    assert place is None or str(place) == text


@pytest.mark.parametrize(
    "text",
    ["", "-", "0", "0-", "-0", "$", "garbage", "1-2-3", "-1-2", "1--2", "+1-2", " 1-2", "1-2 ",
     "1-2\n", "01-2", "1-02", "1_0-2", "1.0-2", "0x1-2", "1-\u0662", "\u0661-2", "1\u20112",
     "1-2\0", "*", "18446744073709551616-1",
     "1-18446744073709551616", "1-" + "9" * 10_000, "9" * 10_000],
)  # fmt: skip
def test_anything_else_is_no_position(text: str) -> None:
    """Strangers may send anything as Last-Event-ID."""
    assert Position.parse(text) is None


def test_the_largest_and_the_smallest_are_positions() -> None:
    assert Position.parse("0-0") == ORIGIN
    """The largest is that of Redis: a foreign hand may write it, and clients are told it."""
    assert Position.parse(f"{2**64 - 1}-{2**64 - 1}") == (2**64 - 1, 2**64 - 1)


def test_positions_are_ordered_as_the_events_happened() -> None:
    ordered = [
        ORIGIN,
        Position(0, 1),
        Position(9, 9),
        Position(9, 10),
        Position(10, 0),
        Position(10, 10),
    ]
    assert all(first < second for first, second in pairwise(ordered))


@given(positions)
def test_the_next_one_comes_right_after_and_before_undoes_it(place: Position) -> None:
    assert place.next() > place
    assert place.next().before() == place


def test_nothing_comes_before_the_beginning_of_an_epoch() -> None:
    assert Position(5, 1).before() == Position(5, 0)
    assert Position(5, 0).before() == Position(5, 0)
