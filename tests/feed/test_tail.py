"""The tail: follows the stream, notices every jump, and outlives every absence of Redis."""

from itertools import pairwise

import pytest

from hero_router.feed.tail import BACKOFF_FIRST, BACKOFF_MOST, backoff, follows
from hero_router.position import ORIGIN
from tests.feed.world import event, events, position


def test_the_tries_to_reach_redis_become_rarer_up_to_a_bound() -> None:
    pauses = [backoff(failures) for failures in range(1, 20)]
    assert pauses[0] == BACKOFF_FIRST
    assert all(second in {2 * first, BACKOFF_MOST} for first, second in pairwise(pauses))
    assert pauses[-1] == BACKOFF_MOST


@pytest.mark.parametrize("failures", [1_000, 2_000, 1_000_000])
def test_a_worker_outlives_an_outage_of_any_length(failures: int) -> None:
    """After a thousand tries, which is less than an hour, twice the pause is no float any more."""
    assert backoff(failures) == BACKOFF_MOST


def test_events_follow_only_without_a_jump() -> None:
    assert follows(position(5), events(6, 9))
    assert not follows(position(5), events(7, 9))
    assert not follows(position(5), [event(6), event(8)])
    assert not follows(position(5), [event(6), event(6)])
    assert not follows(position(5), [event(5)])


def test_a_new_epoch_is_a_jump_unless_nothing_was_there_before() -> None:
    """Only the whole window can tell whether events of the old epoch were trimmed."""
    assert not follows(position(5), [event(1, epoch=2_000)])
    assert not follows(position(5), [event(6), event(1, epoch=2_000)])
    assert follows(ORIGIN, [event(1), event(2)])
    assert not follows(ORIGIN, [event(2)])
    assert not follows(ORIGIN, [event(1), event(1, epoch=2_000)])
