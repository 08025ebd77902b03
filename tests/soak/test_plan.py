"""What goes wrong in a soak comes of its seed alone, and leaves nothing out."""

from collections import Counter
from itertools import pairwise

from tests.soak.chaos import KINDS, plan

ROUND_SECONDS = 50.0
"""More than one round takes."""


def test_the_same_seed_is_the_same_plan() -> None:
    assert plan(7, 60) == plan(7, 60)
    assert plan(7, 60) != plan(8, 60)


def test_a_longer_plan_goes_on_where_a_shorter_one_ends() -> None:
    """What fails late can be looked at with the same seed for less time."""
    short, long = plan(7, 60), plan(7, 600)
    assert [act for act in long if act.at + act.seconds <= 60] == short


def test_every_kind_of_trouble_comes_in_each_round() -> None:
    for seed in range(20):
        done = Counter(act.kind for act in plan(seed, ROUND_SECONDS))
        assert done.keys() == KINDS.keys()


def test_acts_come_in_order_and_end_in_time() -> None:
    acts = plan(7, 60)
    assert all(before.at < after.at for before, after in pairwise(acts))
    for act in acts:
        assert KINDS[act.kind].shortest <= act.seconds <= KINDS[act.kind].longest
        assert act.at + act.seconds <= 60
