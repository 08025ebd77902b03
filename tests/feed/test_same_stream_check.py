"""A delay is no doubt; standing still and another Redis are; sleep counts little."""

from pathlib import Path

import pytest

from hero_router.feed.node_monitor import WATCH_SECONDS
from hero_router.feed.same_stream_check import (
    LASTING_SECONDS,
    STEP_SECONDS,
    SameStreamCheck,
    StreamHead,
)
from hero_router.feed.tail_primary_check import RENEW_SECONDS
from tests.feed.world import position

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "deployment.md"


def at(seq: int, store: str = "a", epoch: int = 1_000) -> StreamHead:
    return StreamHead(store, position(seq, epoch))


class Scene:
    """Looks one second apart."""

    def __init__(self) -> None:
        self.agreement, self.now = SameStreamCheck(), 100.0

    def look(self, served: StreamHead, seen: StreamHead, after: float = 1.0) -> bool:
        self.now += after
        return self.agreement.observe(served, seen, self.now)

    def looks_until_trouble(self, served: StreamHead, seen: StreamHead) -> int:
        """How often both are seen there until that is a trouble; at most ten times."""
        for number in range(10):
            if self.trouble:
                return number
            self.look(served, seen)
        return 10

    @property
    def trouble(self) -> str:
        return self.agreement.trouble


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_tail_at_the_head_of_redis_agrees(scene: Scene) -> None:
    assert all(scene.look(at(5), at(5)) for _ in range(10))
    assert scene.trouble == ""


def test_a_tail_that_is_always_a_little_behind_agrees(scene: Scene) -> None:
    """Redis is ahead at each look, but what it had at the last one has been read."""
    scene.look(at(1), at(9))
    assert all(scene.look(at(seq), at(seq + 8)) for seq in range(9, 200, 8))
    assert scene.trouble == ""


def test_a_look_that_is_older_than_the_tail_agrees(scene: Scene) -> None:
    scene.look(at(9), at(5))
    assert all(scene.look(at(seq + 4), at(seq)) for seq in range(9, 200, 8))
    assert scene.trouble == ""


def test_a_tail_that_stands_still_differs_after_its_time(scene: Scene) -> None:
    scene.look(at(5), at(6))
    assert scene.look(at(5), at(7)) is False
    assert 1 + scene.looks_until_trouble(at(5), at(8)) == LASTING_SECONDS
    assert scene.trouble == "this worker has read no event after 1000-5, but Redis is at 1000-6"


def test_a_difference_is_measured_from_the_last_agreement(scene: Scene) -> None:
    for _ in range(3):
        scene.look(at(5), at(6))
    assert scene.look(at(6), at(7))
    assert scene.looks_until_trouble(at(6), at(9)) == LASTING_SECONDS


def test_a_redis_that_went_back_to_where_the_tail_stands_agrees(scene: Scene) -> None:
    assert not scene.look(at(5), at(9))
    assert scene.look(at(5), at(5))


def test_a_failover_in_the_middle_of_a_delay_begins_a_difference_of_its_own(scene: Scene) -> None:
    for _ in range(3):
        scene.look(at(5, "a"), at(9, "a"))
    for _ in range(3):
        scene.look(at(5, "a"), at(9, "b"))
        assert scene.trouble == ""
    scene.look(at(5, "a"), at(9, "b"))
    assert "follows Redis process a at 1000-5" in scene.trouble


def test_a_tail_that_moves_but_never_reaches_the_head_of_redis_differs(scene: Scene) -> None:
    scene.look(at(5), at(500))
    for seq in range(6, 10):
        scene.look(at(seq), at(600))
    assert "has read no event after" in scene.trouble


def test_a_tail_on_data_that_were_rolled_back_differs(scene: Scene) -> None:
    for _ in range(5):
        scene.look(at(9), at(5))
    assert "has read no event after 1000-9, but Redis is at 1000-5" in scene.trouble


def test_another_redis_differs_though_its_stream_looks_the_same(scene: Scene) -> None:
    for _ in range(5):
        assert not scene.look(at(5, "a"), at(5, "b"))
    assert "follows Redis process a at 1000-5" in scene.trouble
    assert "now is b at 1000-5" in scene.trouble


def test_a_short_difference_of_processes_is_a_failover_under_way(scene: Scene) -> None:
    scene.look(at(5, "a"), at(5, "a"))
    scene.look(at(5, "a"), at(5, "b"))
    scene.look(at(5, "a"), at(6, "b"))
    assert scene.look(at(6, "b"), at(6, "b"))
    assert scene.trouble == ""


def test_a_tail_that_moved_to_where_more_is_written_all_the_time_agrees(scene: Scene) -> None:
    """The old Redis was further than the new one ever was: that says nothing any more."""
    for _ in range(3):
        scene.look(at(900, "a"), at(50, "b"))
    scene.look(at(52, "b"), at(54, "b"))
    assert all(scene.look(at(seq), at(seq + 2)) for seq in range(54, 90, 2))
    assert scene.trouble == ""


def test_a_tail_that_read_rolled_back_data_anew_agrees(scene: Scene) -> None:
    scene.look(at(900), at(50))
    scene.look(at(50), at(52))
    assert scene.look(at(52), at(54))
    assert scene.trouble == ""


def test_a_worker_that_was_asleep_is_no_tail_that_stands_still(scene: Scene) -> None:
    assert STEP_SECONDS < LASTING_SECONDS
    scene.look(at(5), at(6))
    scene.look(at(5), at(600), after=3600)
    assert scene.trouble == ""


def test_a_forgotten_difference_counts_no_more(scene: Scene) -> None:
    for _ in range(5):
        scene.look(at(5), at(6))
    scene.agreement.forget()
    assert scene.trouble == ""
    assert not scene.look(at(5), at(6))
    assert scene.trouble == ""


def test_a_difference_is_reported_within_the_time_that_the_readme_names() -> None:
    longest = RENEW_SECONDS + LASTING_SECONDS + WATCH_SECONDS
    assert longest == 7
    assert "within about seven seconds" in PAGE.read_text("utf-8")
