"""What a scanner doubts of its node is a condition of each worker until its report says no more."""

import json

import pytest

from hero_router.feed.conditions import Condition, Conditions
from hero_router.feed.mirror import Mirror
from hero_router.feed.nodes import GRACE_SECONDS, NodeMonitor
from hero_router.model import NodeState
from hero_router.store.stream import NodeStatus
from tests.support.records import report

GONE = "node n1: the root /srv does not exist"


class Scene:
    """A watch without Redis: the test says what it sees and moves its clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.conditions = Conditions(now_ms=lambda: 77)
        # `note` takes what was seen, so no Redis is asked here.
        self.watch = NodeMonitor(None, Mirror(), self.conditions, clock=lambda: self.now)  # type: ignore[arg-type]

    def see(self, *states: NodeState, leased: bool = True) -> dict[tuple[str, str | None], str]:
        self.watch.update({state.node: NodeStatus(state, leased) for state in states})
        return {item.key: item.detail for item in self.conditions.current}


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_each_doubt_of_a_report_is_a_condition_of_its_node(scene: Scene) -> None:
    told = scene.see(
        report(node="n1", doubts={"root": GONE, "permission": "node n1: 2 sockets"}),
        report(node="n2", doubts={"root": "node n2: the root is empty"}),
    )
    assert told == {
        ("root", "n1"): GONE,
        ("permission", "n1"): "node n1: 2 sockets",
        ("root", "n2"): "node n2: the root is empty",
    }
    assert scene.conditions.find("root", "n1") == Condition("root", "n1", 77, GONE)


def test_a_doubt_ends_with_the_first_report_that_has_it_no_more(scene: Scene) -> None:
    scene.see(report(node="n1", doubts={"root": GONE}), report(node="n2", doubts={"root": "x"}))
    assert scene.see(report(2, "n1"), report(node="n2", doubts={"root": "x"})) == {
        ("root", "n2"): "x"
    }
    assert scene.see(report(2, "n1")) == {}


def test_a_dead_scanners_last_doubts_stay_as_nobody_has_seen_them_end(scene: Scene) -> None:
    scene.see(report(doubts={"root": GONE}))
    scene.now += GRACE_SECONDS
    told = scene.see(report(doubts={"root": GONE}), leased=False)
    assert told.keys() == {("root", "n1"), ("scanner", "n1")}
    assert scene.see(report(2)) == {}


def test_a_newer_scanners_reason_is_told_too(scene: Scene) -> None:
    assert scene.see(report(doubts={"clock": "jumps"})) == {("clock", "n1"): "jumps"}


def test_junk_among_the_doubts_is_passed_over(scene: Scene) -> None:
    """Nor can a report say that its own scanner is gone: the watch would not end that again."""
    junk = {"root": 5, "permission": None, "scanner": "gone", "x": "a\r\nb" + "y" * 9_000}
    told = scene.see(NodeState.from_json(json.loads(json.dumps(report(doubts=junk).to_json()))))
    ((key, detail),) = told.items()
    assert key == ("x", "n1")
    assert detail.isprintable()
    assert len(detail) == 2_000
