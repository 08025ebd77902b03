"""Conditions for callers who may see some contexts only: of their nodes, and without paths."""

import json
from typing import Any

import pytest

from hero_router.feed.conditions import Condition
from hero_router.feed.filters import Filter
from hero_router.feed.mirror import Mirror
from hero_router.feed.subscribers import SubscribeOptions
from hero_router.feed.visible_conditions import MOST_KEPT, VisibleConditions
from tests.feed.bench import Bench
from tests.feed.world import FakeSink, position

SHOP = Filter.of(contexts=["shop"])
BOUND = SubscribeOptions(SHOP, shown=SHOP)
CHOSEN = SubscribeOptions(SHOP)

REDIS = Condition("redis", None, 1, "Redis is away")
LOST = Condition("scanner", "n1", 2, "no scanner is running for node n1")
DENIED = Condition("permission", "n1", 3, "node n1: 2 sockets (red/payroll/rpc.sock) deny access")
ELSEWHERE = Condition("scanner", "n2", 4, "no scanner is running for node n2")


def fill(mirror: Mirror, *services: tuple[str, str]) -> None:
    """The registry holds one service for each context and node."""
    records = {
        f"s{number}": {"id": f"s{number}", "name": "x", "context": context, "node": node}
        for number, (context, node) in enumerate(services)
    }
    mirror.reset(records, {}, position(5))


@pytest.fixture
def mirror() -> Mirror:
    """One service of the shop on n1, one of another context on n2."""
    made = Mirror()
    fill(made, ("shop", "n1"), ("red", "n2"))
    return made


def told(sink: FakeSink) -> list[tuple[str, dict[str, Any]]]:
    """The changes of conditions that a client got."""
    found = [each for each in sink.messages if each.event in ("stale", "fresh")]
    return [(each.event, json.loads(each.data)) for each in found]


def test_who_sees_everything_is_told_the_same_objects(mirror: Mirror) -> None:
    conditions = (REDIS, DENIED, ELSEWHERE)
    assert VisibleConditions(mirror).of(conditions, None) is conditions


def test_under_a_filter_other_nodes_and_paths_are_left_out(mirror: Mirror) -> None:
    redis, lost, denied = VisibleConditions(mirror).of((REDIS, LOST, DENIED, ELSEWHERE), SHOP)
    assert (redis, lost) == (REDIS, LOST)
    assert (denied.key, denied.since) == (DENIED.key, DENIED.since)
    assert denied.detail == "node n1: its scanner may not connect to some sockets"


@pytest.mark.parametrize("reason", ["root", "permission", "of a newer version"])
def test_no_text_of_a_report_is_told(mirror: Mirror, reason: str) -> None:
    (condition,) = VisibleConditions(mirror).of((Condition(reason, "n1", 3, "red/payroll"),), SHOP)
    assert condition.reason == reason
    assert "payroll" not in condition.detail


def test_what_does_not_change_stays_the_same_object(mirror: Mirror) -> None:
    conditions = VisibleConditions(mirror)
    before = conditions.of((DENIED,), SHOP)
    mirror.revision += 1
    assert conditions.of((DENIED, ELSEWHERE), SHOP) is before


def test_many_filters_do_not_stay_in_memory(mirror: Mirror) -> None:
    conditions = VisibleConditions(mirror)
    first = conditions.of((DENIED,), SHOP)
    for number in range(MOST_KEPT):
        conditions.of((DENIED,), Filter.of(contexts=[f"c{number}"]))
    again = conditions.of((DENIED,), SHOP)
    assert again == first
    assert again is not first


def test_streams_of_the_same_moment_are_told_each_by_what_it_may_see(bench: Bench) -> None:
    fill(bench.mirror, ("shop", "n1"), ("red", "n2"))
    sinks = [bench.join(options=each)[1] for each in (SubscribeOptions(), BOUND, CHOSEN, BOUND)]
    bench.hub.send_conditions((DENIED, ELSEWHERE))
    whole, bound, chosen, second = map(told, sinks)
    assert [data["detail"] for _, data in whole] == [DENIED.detail, ELSEWHERE.detail]
    assert chosen == whole
    assert second == bound
    assert [data["detail"] for _, data in bound] == [DENIED.without_paths().detail]
    bench.hub.send_conditions(())
    assert [[name for name, _ in told(sink)].count("fresh") for sink in sinks] == [2, 1, 2, 1]


def test_a_stream_that_begins_later_is_told_the_same(bench: Bench) -> None:
    fill(bench.mirror, ("shop", "n1"))
    bench.hub.send_conditions((DENIED, ELSEWHERE))
    (frame,) = told(bench.join(options=BOUND)[1])
    assert frame[1]["detail"] == DENIED.without_paths().detail


def test_another_path_in_a_detail_is_no_news_for_a_bound_stream(bench: Bench) -> None:
    fill(bench.mirror, ("shop", "n1"))
    _, sink = bench.join(options=BOUND)
    bench.hub.send_conditions((DENIED,))
    bench.hub.send_conditions((Condition("permission", "n1", 3, "red/other.sock"),))
    assert len(told(sink)) == 1


def test_a_condition_is_told_once_a_shown_service_appears_on_its_node(bench: Bench) -> None:
    fill(bench.mirror, ("shop", "n1"))
    _, sink = bench.join(options=BOUND)
    bench.hub.send_conditions((ELSEWHERE,))
    bench.hub.tick()
    assert told(sink) == []
    fill(bench.mirror, ("shop", "n1"), ("shop", "n2"))
    bench.hub.tick()
    fill(bench.mirror, ("shop", "n1"))
    bench.hub.tick()
    assert [(name, data["node"]) for name, data in told(sink)] == [("stale", "n2"), ("fresh", "n2")]
