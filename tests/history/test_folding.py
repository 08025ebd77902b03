"""Buckets as Redis has them: what is overwritten, missing, or older than the history."""

import pytest

from hero_router.history.folding import NOTHING, Cells, held
from hero_router.history.rings import MINUTES


def test_buckets_that_later_ones_have_overwritten_are_not_known() -> None:
    """As after a clock that was set back: the places in the ring hold what came after."""
    found = held(MINUTES, Cells("h" * 60, "CO" * 60), range(60), last=MINUTES.size + 29, since=0)
    assert found == ("?" * 30 + "h" * 30, "--" * 30 + "CO" * 30)


def test_buckets_before_the_history_have_no_letter() -> None:
    found = held(MINUTES, Cells("hhhh", "CO" * 4), range(10, 14), last=13, since=12)
    assert found == ("--hh", "----COCO")


def test_what_is_missing_in_redis_is_not_known() -> None:
    assert held(MINUTES, Cells("h", "C"), range(3), last=2, since=0) == ("h??", "------")


@pytest.mark.parametrize(
    ("first", "groups"),
    [(0, ["abc", "def", "gh"]), (4, ["ab", "cde", "fgh"]), (5, ["a", "bcd", "efg", "h"])],
)
def test_groups_end_where_a_number_can_be_divided(first: int, groups: list[str]) -> None:
    cells = Cells("abcdefgh", "".join(each * 2 for each in "abcdefgh"))
    found = list(cells.groups(3, first))
    assert [each.letters for each in found] == groups
    assert [each.figures[::2] for each in found] == groups
    assert [each.figures[1::2] for each in found] == groups


def test_nothing_has_no_groups_and_no_parts() -> None:
    assert list(NOTHING.groups(3, 1)) == []
    assert NOTHING.cut(0, 5) == NOTHING == ("", "")
