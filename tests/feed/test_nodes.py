"""The watch: a dead or silent scanner is told, a hand-over is not, and lost Redis says nothing."""

from dataclasses import replace

import pytest

from hero_router.errors import StoreCorrupt, StoreUnreachable
from hero_router.feed.conditions import Conditions
from hero_router.feed.mirror import Mirror
from hero_router.feed.nodes import GRACE_SECONDS, OVERDUE_SCANS, NodeMonitor
from hero_router.model import NodeState
from hero_router.position import ORIGIN
from hero_router.store.stream import NodeStatus
from tests.support.records import record

STATE = NodeState("n1", "s", 1, 1_000, 5, 2, 1, "0.1.0")
ALIVE, DEAD = {"n1": NodeStatus(STATE, leased=True)}, {"n1": NodeStatus(STATE, leased=False)}


class Scene:
    """A watch without Redis: the test says what it sees and moves its clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.mirror, self.conditions = Mirror(), Conditions(now_ms=lambda: 77)
        # `note` takes what was seen, so no Redis is asked here.
        self.watch = NodeMonitor(None, self.mirror, self.conditions, clock=lambda: self.now)  # type: ignore[arg-type]

    def see(self, sight: dict[str, NodeStatus], after: float = 0.0) -> list[tuple[str, str | None]]:
        self.now += after
        self.watch.update(sight)
        return [item.key for item in self.conditions.current]


def detail(scene: Scene, reason: str, node: str | None = None) -> str:
    """What the condition about this says."""
    condition = scene.conditions.find(reason, node)
    assert condition is not None
    return condition.detail


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


def test_services_of_a_node_without_a_report_are_lost_after_a_while(scene: Scene) -> None:
    """Nobody vouches for them, whoever else scans; a report and its lease end it."""
    item = record("api", "n2")
    scene.mirror.reset({item.id: item.to_json()}, {}, ORIGIN)
    assert scene.see(ALIVE) == []
    assert scene.see(ALIVE, after=GRACE_SECONDS - 0.1) == []
    assert scene.see(ALIVE, after=0.1) == [("scanner", "n2")]
    assert [shown["status"] for shown in scene.mirror.services()] == ["unknown"]
    assert scene.see({**ALIVE, "n2": NodeStatus(replace(STATE, node="n2"), leased=True)}) == []
    assert [shown["status"] for shown in scene.mirror.services()] == ["healthy"]


def test_no_scanner_at_all_is_a_doubt_of_its_own(scene: Scene) -> None:
    assert scene.see({}) == []
    assert scene.see({}, after=GRACE_SECONDS) == [("no_scanner", None)]
    assert scene.see(ALIVE) == []


def test_time_without_redis_does_not_count_against_the_scanners(scene: Scene) -> None:
    scene.see(ALIVE)
    scene.now += 1000
    scene.watch.store_failed(AWAY)
    assert scene.see(DEAD, after=GRACE_SECONDS / 2) == []


def test_one_look_that_fails_does_not_make_a_lost_node_fresh(scene: Scene) -> None:
    scene.see(ALIVE)
    assert scene.see(DEAD, after=GRACE_SECONDS) == [("scanner", "n1")]
    scene.watch.store_failed(AWAY)
    assert scene.see(DEAD) == [("scanner", "n1")]
    assert scene.mirror.lost == {"n1"}
    assert scene.see(ALIVE) == []


PACE, SCAN_MS = 5.0, 2_000
PATIENCE = OVERDUE_SCANS * (PACE + SCAN_MS / 1000) + GRACE_SECONDS
AWAY = StoreUnreachable("Redis cannot be reached")


def reported(scan: int, pace: float = PACE) -> dict[str, NodeStatus]:
    """A scanner that holds its lease, and its report on this scan."""
    state = replace(STATE, scan=scan, duration_ms=SCAN_MS, scan_seconds=pace)
    return {"n1": NodeStatus(state, leased=True)}


def test_a_scanner_that_holds_its_lease_but_reports_nothing_makes_its_node_lost(
    scene: Scene,
) -> None:
    """It hangs, or Redis refuses what it writes: what is shown of its services is old."""
    assert scene.see(reported(1)) == []
    assert scene.see(reported(1), after=PATIENCE - 0.1) == []
    assert scene.see(reported(1), after=0.1) == [("scanner", "n1")]
    assert scene.mirror.lost == {"n1"}
    assert "silent" in detail(scene, "scanner", "n1")
    assert scene.see(reported(2)) == []
    assert scene.mirror.lost == frozenset()


def test_a_scanner_that_reports_in_time_is_never_silent(scene: Scene) -> None:
    for number in range(5):
        assert scene.see(reported(number), after=PATIENCE - 0.1) == []


def test_a_scanner_of_an_older_version_does_not_say_when_its_next_report_is_due(
    scene: Scene,
) -> None:
    for _ in range(3):
        assert scene.see(reported(1, pace=0), after=10 * PATIENCE) == []


def test_time_without_redis_does_not_make_a_scanner_silent(scene: Scene) -> None:
    scene.see(reported(1))
    scene.now += 10 * PATIENCE
    scene.watch.store_failed(AWAY)
    assert scene.see(reported(1), after=PATIENCE - 0.1) == []


def test_one_look_that_fails_does_not_end_a_silence(scene: Scene) -> None:
    scene.see(reported(1))
    assert scene.see(reported(1), after=PATIENCE) == [("scanner", "n1")]
    scene.watch.store_failed(AWAY)
    assert scene.see(reported(1)) == [("scanner", "n1")]
    assert scene.see(reported(2)) == []


def test_nodes_that_cannot_be_read_are_a_doubt_where_nobody_else_tells_of_it(scene: Scene) -> None:
    """As with a key of the wrong type, while the stream itself is well."""
    error = StoreCorrupt("a key holds another type")
    scene.see(ALIVE)
    scene.watch.store_failed(error)
    scene.now += GRACE_SECONDS
    scene.watch.store_failed(error)
    assert detail(scene, "no_scanner").endswith("a key holds another type")
    assert scene.see(ALIVE) == []


def test_while_redis_is_away_the_watch_adds_no_doubt_of_its_own(scene: Scene) -> None:
    scene.conditions.set("redis", None, str(AWAY))
    for _ in range(5):
        scene.now += GRACE_SECONDS
        scene.watch.store_failed(AWAY)
    assert [item.key for item in scene.conditions.current] == [("redis", None)]
