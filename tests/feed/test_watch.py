"""The watch: a dead scanner is told, a short hand-over is not, and lost Redis says nothing."""

import pytest

from hero_router.feed.doubts import Doubts
from hero_router.feed.mirror import Mirror
from hero_router.feed.watch import GRACE_SECONDS, Watch
from hero_router.model import NodeState
from hero_router.store.stream import NodeSight

STATE = NodeState("n1", "s", 1, 1_000, 5, 2, 1, "0.1.0")
ALIVE, DEAD = {"n1": NodeSight(STATE, leased=True)}, {"n1": NodeSight(STATE, leased=False)}


class Scene:
    """A watch without Redis: the test says what it sees and moves its clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.mirror, self.doubts = Mirror(), Doubts(now_ms=lambda: 77)
        # `note` takes what was seen, so no Redis is asked here.
        self.watch = Watch(None, self.mirror, self.doubts, clock=lambda: self.now)  # type: ignore[arg-type]

    def see(self, sight: dict[str, NodeSight], after: float = 0.0) -> list[tuple[str, str | None]]:
        self.now += after
        self.watch.note(sight)
        return list(self.doubts.current)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_scanner_that_is_gone_for_a_while_makes_its_node_lost(scene: Scene) -> None:
    assert scene.see(ALIVE) == []
    assert scene.see(DEAD, after=GRACE_SECONDS - 0.1) == []
    assert scene.mirror.lost == frozenset()
    assert scene.see(DEAD, after=0.1) == [("scanner", "n1")]
    assert scene.mirror.lost == {"n1"}


def test_a_short_hand_over_is_not_a_loss(scene: Scene) -> None:
    for _ in range(5):
        scene.see(ALIVE)
        assert scene.see(DEAD, after=GRACE_SECONDS / 2) == []
        scene.see(ALIVE, after=GRACE_SECONDS / 2)


def test_a_scanner_that_comes_back_ends_the_doubt(scene: Scene) -> None:
    scene.see(DEAD)
    assert scene.see(DEAD, after=GRACE_SECONDS) == [("scanner", "n1")]
    assert scene.see(ALIVE) == []
    assert scene.mirror.lost == frozenset()


def test_a_node_that_left_redis_is_no_longer_doubted(scene: Scene) -> None:
    scene.see(DEAD)
    scene.see(DEAD, after=GRACE_SECONDS)
    assert ("scanner", "n1") not in scene.see({})


def test_no_scanner_at_all_is_a_doubt_of_its_own(scene: Scene) -> None:
    assert scene.see({}) == []
    assert scene.see({}, after=GRACE_SECONDS) == [("no_scanner", None)]
    assert scene.see(ALIVE) == []


def test_time_without_redis_does_not_count_against_the_scanners(scene: Scene) -> None:
    scene.see(ALIVE)
    scene.now += 1000
    scene.watch.blind()
    assert scene.see(DEAD, after=GRACE_SECONDS / 2) == []
