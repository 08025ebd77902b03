"""The node monitor: a dead or silent scanner makes its node lost; a hand-over does not.

Time without Redis says nothing about the scanners. What a report says is a condition of its node.
"""

import json
from dataclasses import replace

import pytest

from hero_router.errors import StoreCorrupt, StoreUnreachable
from hero_router.feed.conditions import Condition, Conditions
from hero_router.feed.mirror import Mirror
from hero_router.feed.node_monitor import GRACE_SECONDS, OVERDUE_SCANS, NodeMonitor
from hero_router.model import NodeState
from hero_router.position import ORIGIN
from hero_router.store.stream_reader import NodeStatus
from tests.support.records import record, report

STATE = NodeState("n1", "s", 1, 1_000, 5, 2, 1, "0.1.0")
ALIVE, DEAD = {"n1": NodeStatus(STATE, "s")}, {"n1": NodeStatus(STATE)}


class Scene:
    """A monitor without Redis: the test says what it sees and moves its clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.now_ms = 77
        self.mirror, self.conditions = Mirror(), Conditions(now_ms=lambda: self.now_ms)
        # `update` takes what Redis holds, so no Redis is asked here.
        self.monitor = NodeMonitor(None, self.mirror, self.conditions, clock=lambda: self.now)  # type: ignore[arg-type]

    def see(self, sight: dict[str, NodeStatus], after: float = 0.0) -> list[tuple[str, str | None]]:
        self.now += after
        self.monitor.update(sight)
        return [item.key for item in self.conditions.current]

    def details(self, *states: NodeState, leased: bool = True) -> dict[tuple[str, str | None], str]:
        """What all conditions say once these reports are read."""
        self.monitor.update(
            {state.node: NodeStatus(state, state.scanner if leased else "") for state in states}
        )
        return {item.key: item.detail for item in self.conditions.current}


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


def test_a_scanner_that_comes_back_ends_the_condition(scene: Scene) -> None:
    scene.see(DEAD)
    assert scene.see(DEAD, after=GRACE_SECONDS) == [("scanner", "n1")]
    assert scene.see(ALIVE) == []
    assert scene.mirror.lost == frozenset()


def test_a_node_that_left_redis_has_no_condition_any_more(scene: Scene) -> None:
    scene.see(DEAD)
    scene.see(DEAD, after=GRACE_SECONDS)
    assert ("scanner", "n1") not in scene.see({})


def test_services_of_a_node_without_a_report_are_lost_after_a_while(scene: Scene) -> None:
    """Their state is unknown, whichever other node scans; a report and its lease end that."""
    item = record("api", "n2")
    scene.mirror.reset({item.id: item.to_json()}, {}, ORIGIN)
    assert scene.see(ALIVE) == []
    assert scene.see(ALIVE, after=GRACE_SECONDS - 0.1) == []
    assert scene.see(ALIVE, after=0.1) == [("scanner", "n2")]
    assert [shown["status"] for shown in scene.mirror.services()] == ["unknown"]
    assert scene.see({**ALIVE, "n2": NodeStatus(replace(STATE, node="n2"), "s")}) == []
    assert [shown["status"] for shown in scene.mirror.services()] == ["healthy"]


def test_no_scanner_at_all_is_a_condition_of_its_own(scene: Scene) -> None:
    assert scene.see({}) == []
    assert scene.see({}, after=GRACE_SECONDS) == [("no_scanner", None)]
    assert scene.see(ALIVE) == []


def test_time_without_redis_does_not_count_against_the_scanners(scene: Scene) -> None:
    scene.see(ALIVE)
    scene.now += 1000
    scene.monitor.store_failed(AWAY)
    assert scene.see(DEAD, after=GRACE_SECONDS / 2) == []


def test_one_check_that_fails_does_not_make_a_lost_node_fresh(scene: Scene) -> None:
    scene.see(ALIVE)
    assert scene.see(DEAD, after=GRACE_SECONDS) == [("scanner", "n1")]
    scene.monitor.store_failed(AWAY)
    assert scene.see(DEAD) == [("scanner", "n1")]
    assert scene.mirror.lost == {"n1"}
    assert scene.see(ALIVE) == []


INTERVAL, SCAN_MS = 5.0, 2_000
PATIENCE = OVERDUE_SCANS * (INTERVAL + SCAN_MS / 1000) + GRACE_SECONDS
AWAY = StoreUnreachable("Redis cannot be reached")


def reported(scan: int, interval: float = INTERVAL) -> dict[str, NodeStatus]:
    """A scanner that holds its lease, and its report on this scan."""
    state = replace(STATE, scan=scan, duration_ms=SCAN_MS, scan_seconds=interval)
    return {"n1": NodeStatus(state, "s")}


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


def taken_over(scan: int) -> dict[str, NodeStatus]:
    """A new scanner holds the lease; the report is still by the one before it."""
    return {"n1": NodeStatus(reported(scan)["n1"].state, "new")}


def unleased(scan: int) -> dict[str, NodeStatus]:
    """No scanner holds the lease; the report is by the last one."""
    return {"n1": NodeStatus(reported(scan)["n1"].state)}


def test_a_worker_that_starts_with_a_new_scanner_does_not_take_an_old_report_for_its_own(
    scene: Scene,
) -> None:
    """As when a whole machine starts again: nobody has seen the services since the last report."""
    scene.now_ms = STATE.last_scan + round(PATIENCE * 1000)
    assert scene.see(taken_over(1)) == [("scanner", "n1")]
    assert detail(scene, "scanner", "n1") == (
        "a new scanner of node n1 has started and has not reported yet"
    )
    assert scene.see(taken_over(1), after=0.5) == [("scanner", "n1")]
    assert scene.see(reported(2)) == []
    assert scene.mirror.lost == frozenset()


def test_a_worker_that_starts_without_a_scanner_takes_no_old_report_for_new(scene: Scene) -> None:
    """The scanner died long ago, or starts after the worker."""
    scene.now_ms = STATE.last_scan + round(PATIENCE * 1000)
    assert scene.see(unleased(1)) == [("scanner", "n1")]
    assert "no scanner is running" in detail(scene, "scanner", "n1")
    assert scene.see(taken_over(1), after=0.5) == [("scanner", "n1")]
    assert "new scanner" in detail(scene, "scanner", "n1")
    assert scene.see(reported(2)) == []


def test_a_worker_that_starts_during_a_short_hand_over_calls_no_node_lost(scene: Scene) -> None:
    scene.now_ms = STATE.last_scan + round((PATIENCE - GRACE_SECONDS) * 1000)
    assert scene.see(unleased(1)) == []
    assert scene.see(taken_over(1), after=GRACE_SECONDS - 0.1) == []


def test_a_new_scanner_whose_node_was_lost_does_not_count_as_silent(scene: Scene) -> None:
    scene.see(reported(1))
    scene.see(unleased(1))
    assert scene.see(unleased(1), after=10 * PATIENCE) == [("scanner", "n1")]
    assert scene.see(taken_over(1)) == [("scanner", "n1")]
    assert "new scanner" in detail(scene, "scanner", "n1")


def test_a_quick_takeover_is_no_condition_but_its_report_counts_as_the_one_before(
    scene: Scene,
) -> None:
    scene.now_ms = STATE.last_scan + round(PATIENCE * 1000) - 100
    assert scene.see(taken_over(1)) == []
    assert scene.mirror.unreported == {"n1"}
    assert scene.see(taken_over(1), after=0.1) == [("scanner", "n1")]
    scene.see(reported(2))
    assert scene.mirror.unreported == frozenset()


def test_a_scanner_that_reports_in_time_is_never_silent(scene: Scene) -> None:
    for number in range(5):
        assert scene.see(reported(number), after=PATIENCE - 0.1) == []


def test_a_scanner_of_an_older_version_does_not_say_when_its_next_report_is_due(
    scene: Scene,
) -> None:
    for _ in range(3):
        assert scene.see(reported(1, interval=0), after=10 * PATIENCE) == []


def test_time_without_redis_does_not_make_a_scanner_silent(scene: Scene) -> None:
    scene.see(reported(1))
    scene.now += 10 * PATIENCE
    scene.monitor.store_failed(AWAY)
    assert scene.see(reported(1), after=PATIENCE - 0.1) == []


def test_one_check_that_fails_does_not_end_a_silence(scene: Scene) -> None:
    scene.see(reported(1))
    assert scene.see(reported(1), after=PATIENCE) == [("scanner", "n1")]
    scene.monitor.store_failed(AWAY)
    assert scene.see(reported(1)) == [("scanner", "n1")]
    assert scene.see(reported(2)) == []


def test_nodes_that_cannot_be_read_are_a_condition_while_the_stream_can_be_read(
    scene: Scene,
) -> None:
    """As with a key of the wrong type, while the stream itself is well."""
    error = StoreCorrupt("a key holds another type")
    scene.see(ALIVE)
    scene.monitor.store_failed(error)
    scene.now += GRACE_SECONDS
    scene.monitor.store_failed(error)
    assert detail(scene, "no_scanner").endswith("a key holds another type")
    assert scene.see(ALIVE) == []


def test_while_redis_is_away_the_monitor_adds_no_condition_of_its_own(scene: Scene) -> None:
    scene.conditions.set("redis", None, str(AWAY))
    for _ in range(5):
        scene.now += GRACE_SECONDS
        scene.monitor.store_failed(AWAY)
    assert [item.key for item in scene.conditions.current] == [("redis", None)]


GONE = "node n1: the root /srv does not exist"


def test_each_reason_of_a_report_is_a_condition_of_its_node(scene: Scene) -> None:
    found = scene.details(
        report(node="n1", conditions={"root": GONE, "permission": "node n1: 2 sockets"}),
        report(node="n2", conditions={"root": "node n2: the root is empty"}),
    )
    assert found == {
        ("root", "n1"): GONE,
        ("permission", "n1"): "node n1: 2 sockets",
        ("root", "n2"): "node n2: the root is empty",
    }
    assert scene.conditions.find("root", "n1") == Condition("root", "n1", 77, GONE)


def test_a_condition_ends_with_the_first_report_that_lacks_it(scene: Scene) -> None:
    scene.details(
        report(node="n1", conditions={"root": GONE}), report(node="n2", conditions={"root": "x"})
    )
    assert scene.details(report(2, "n1"), report(node="n2", conditions={"root": "x"})) == {
        ("root", "n2"): "x"
    }
    assert scene.details(report(2, "n1")) == {}


def test_the_last_conditions_of_a_lost_node_stay(scene: Scene) -> None:
    scene.details(report(conditions={"root": GONE}))
    scene.now += GRACE_SECONDS
    found = scene.details(report(conditions={"root": GONE}), leased=False)
    assert found.keys() == {("root", "n1"), ("scanner", "n1")}
    assert scene.details(report(2)) == {}


def test_a_reason_of_a_newer_scanner_is_a_condition_too(scene: Scene) -> None:
    assert scene.details(report(conditions={"clock": "jumps"})) == {("clock", "n1"): "jumps"}


def test_junk_in_a_report_is_passed_over(scene: Scene) -> None:
    """Nor can a report say that its own scanner is gone: the watch would not end that again."""
    junk = {"root": 5, "permission": None, "scanner": "gone", "x": "a\r\nb" + "y" * 9_000}
    found = scene.details(
        NodeState.from_json(json.loads(json.dumps(report(conditions=junk).to_json())))
    )
    ((key, detail),) = found.items()
    assert key == ("x", "n1")
    assert detail.isprintable()
    assert len(detail) == 2_000
