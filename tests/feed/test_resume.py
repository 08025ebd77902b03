"""The law of positions: one test for each of its cases."""

from typing import NamedTuple

import pytest

from hero_router.feed.resume import Ahead, Gap, Replay, ResumeResult, resume
from hero_router.position import ORIGIN, Position


class Kept(NamedTuple):
    """Something that stands at a position of the window."""

    position: Position


HEAD = Position(20, 3)
WINDOW = [Kept(Position(*each)) for each in [(10, 5), (10, 6), (20, 1), (20, 2), (20, 3)]]
"""Two epochs: 10, of which the first events are trimmed and 6 is the last, and 20."""


def owed(epoch: int, seq: int) -> ResumeResult:
    """What a client at this cursor is owed from the window above."""
    return resume(Position(epoch, seq), WINDOW, HEAD)


@pytest.mark.parametrize(
    ("cursor", "start"),
    [((10, 5), 1), ((10, 6), 2), ((20, 1), 3), ((20, 2), 4), ((20, 3), 5)],
)
def test_a_cursor_in_the_window_replays_what_follows(cursor: tuple[int, int], start: int) -> None:
    assert owed(*cursor) == Replay(start)


def test_a_cursor_exactly_one_before_the_window_has_missed_nothing() -> None:
    assert owed(10, 4) == Replay(0)


@pytest.mark.parametrize(("seq", "dropped"), [(3, 1), (2, 2), (0, 4)])
def test_an_older_cursor_of_the_same_epoch_is_a_gap_of_the_exact_number(
    seq: int, dropped: int
) -> None:
    assert owed(10, seq) == Gap(dropped)


@pytest.mark.parametrize("cursor", [(20, 4), (20, 99), (21, 1)])
def test_a_cursor_ahead_of_this_worker_waits(cursor: tuple[int, int]) -> None:
    assert owed(*cursor) == Ahead()


def test_a_cursor_past_the_last_event_that_its_epoch_kept_is_unknown() -> None:
    assert owed(10, 7) == Gap(None)


@pytest.mark.parametrize("cursor", [(9, 1), (15, 1), (0, 0)])
def test_an_epoch_that_the_window_does_not_hold_is_unknown(cursor: tuple[int, int]) -> None:
    assert owed(*cursor) == Gap(None)


def test_the_position_before_an_epochs_first_event_replays_that_epoch() -> None:
    assert owed(20, 0) == Replay(2)


def test_an_emptied_window_still_counts_by_the_streams_head() -> None:
    head = Position(10, 8)
    assert resume(head, [], head) == Replay(0)
    assert resume(Position(10, 6), [], head) == Gap(2)
    assert resume(Position(9, 6), [], head) == Gap(None)


def test_a_stream_that_was_never_written_replays_nothing() -> None:
    assert resume(ORIGIN, [], ORIGIN) == Replay(0)
    assert resume(Position(10, 1), [], ORIGIN) == Ahead()


HOLED = [Position(10, 6), Position(20, 2)]
"""Positions of the window above that hold no event."""


@pytest.mark.parametrize(
    ("cursor", "known", "result"),
    [
        ((10, 5), 0, Gap(2, 2)),
        ((10, 5), 1, Gap(1, 1)),
        ((10, 5), 2, Replay(1)),
        ((10, 5), 3, Replay(1)),
        ((10, 6), 0, Gap(1, 1)),
        ((20, 2), 0, Replay(4)),
        ((10, 3), 0, Gap(3, 2)),
    ],
)
def test_holes_after_the_cursor_are_a_gap_unless_they_are_known(
    cursor: tuple[int, int], known: int, result: ResumeResult
) -> None:
    assert resume(Position(*cursor), WINDOW, HEAD, HOLED, known) == result


def test_holes_are_unknown_unless_the_caller_says_otherwise() -> None:
    assert resume(Position(10, 5), WINDOW, HEAD, HOLED) == Gap(2, 2)


def test_the_only_event_that_an_epoch_kept_is_in_the_window() -> None:
    assert resume(Position(10, 6), WINDOW[1:], HEAD) == Replay(1)


@pytest.mark.parametrize(
    ("gap", "trimmed", "inside"),
    [(Gap(3, 2), 1, False), (Gap(1, 1), 0, True), (Gap(2), 2, False), (Gap(None), 0, False)],
)
def test_a_gap_tells_what_was_trimmed_from_what_is_a_hole(
    gap: Gap, trimmed: int, inside: bool
) -> None:
    assert (gap.trimmed, gap.inside) == (trimmed, inside)
