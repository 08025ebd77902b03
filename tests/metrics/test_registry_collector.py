"""The metrics of nodes and services: made from what a worker knows, gone with what is gone."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from hero_router.feed.mirror import Mirror
from hero_router.metrics import registry_collector
from hero_router.metrics.exposition import Exposition
from hero_router.position import Position
from hero_router.store.client import connect
from hero_router.store.clock import RedisClock
from tests.support.hand import NODE
from tests.support.records import record, report
from tests.support.scrape import Scrape


class Bench:
    """A mirror that the test sets, and its metrics."""

    def __init__(self, *services: Any) -> None:
        self.mirror = Mirror()
        found = {item.id: item.to_json() for item in services}
        self.mirror.reset(found, {}, Position(1, 3))
        clock = RedisClock(connect("redis://127.0.0.1:1/0", name="nowhere"))
        self._exposition = Exposition(CollectorRegistry(), self.mirror, clock)

    def sees(self, *reports: Any, lost: bool = False) -> Scrape:
        """What is answered once the worker knows these reports; are their scanners `lost`?"""
        names = frozenset(each.node for each in reports)
        by_node = {each.node: each for each in reports}
        self.mirror.set_nodes(names if lost else frozenset(), by_node)
        return Scrape(self._exposition.text(self._exposition.view()).decode())


def test_a_nodes_figures_are_told_until_it_is_gone() -> None:
    bench = Bench()
    state = report(
        node=NODE, duration_ms=1_500, scan_seconds=5.0, probe_ms={"median": 2.5, "longest": 40}
    )
    told = bench.sees(state)
    assert told.values("scan_duration_seconds", node=NODE) == [1.5]
    assert told.values("scan_interval_seconds", node=NODE) == [5]
    assert told.values("probe_duration_seconds", node=NODE, of="longest") == [0.04]
    assert told.total("scan_age_seconds", node=NODE) > 0
    assert told.total("scan_sockets", node=NODE) == state.sockets
    assert told.total("scans_total", node=NODE) == state.scan
    gone = bench.sees()
    assert NODE not in gone.text
    assert bench.sees(state).total("scan_age_seconds", node=NODE) > 0


def test_services_are_counted_as_pages_show_them() -> None:
    """Whatever their scanner said last: of a lost node nobody knows how they are."""
    bench = Bench(record("a", NODE), record("b", NODE), record("c", NODE, status="newer"))
    state = report(node=NODE, counts={"healthy": 7})

    def counts(told: Scrape) -> list[float]:
        names = ("healthy", "unknown", "unhealthy")
        return [told.total("services", node=NODE, status=name) for name in names]

    assert counts(bench.sees(state)) == [2, 1, 0]
    assert counts(bench.sees(state, lost=True)) == [0, 3, 0]
    assert counts(bench.sees()) == [2, 1, 0], "its report is gone, its services are not"


@pytest.mark.parametrize("strange", ["soon", None, [1], 10**400, -(10**30), {}])
def test_strange_figures_in_a_report_are_no_figures(strange: object) -> None:
    told = Bench().sees(
        report(node=NODE, duration_ms=10**400, last_scan=10**400, probe_ms={"median": strange})
    )
    for name in ("probe_duration_seconds", "scan_duration_seconds", "scan_age_seconds"):
        assert told.values(name) == []


def test_each_service_has_its_status_as_a_number() -> None:
    bench = Bench(
        record("a", NODE),
        record("b", NODE, context="shop", status="unhealthy"),
        record("c", NODE, status="newer"),
    )
    told = bench.sees()
    assert told.values("service_status", service="a", context="default", node=NODE) == [0]
    assert told.values("service_status", service="b", context="shop", node=NODE) == [2]
    assert told.values("service_status", service="c", context="default", node=NODE) == [5]
    lost = bench.sees(report(node=NODE), lost=True)
    assert lost.values("service_status", service="a") == [5], "nobody knows how it is"


def test_a_service_that_is_gone_has_no_series() -> None:
    bench = Bench(record("a", NODE))
    bench.mirror.reset({}, {}, Position(1, 4))
    assert bench.sees().values("service_status") == []


def test_series_of_services_are_bounded_and_the_others_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry_collector, "MAX_SERVICES", 2)
    services = [record(name, NODE) for name in "abc"]
    told = Bench(*services).sees()
    assert told.values("service_status") == [0, 0]
    assert told.total("services_unlisted") == 1
    assert told.total("services", status="healthy") == 3
    assert Bench(*services[:2]).sees().total("services_unlisted") == 0


def test_two_records_of_one_name_are_one_series() -> None:
    """Prometheus refuses a whole scrape in which a series stands twice."""
    bench = Bench(record("a", NODE))
    double = {**record("a", NODE).to_json(), "id": "other"}
    bench.mirror.reset({"one": record("a", NODE).to_json(), "other": double}, {}, Position(1, 3))
    assert bench.sees().values("service_status") == [0]


def test_flapping_services_are_counted_by_node() -> None:
    bench = Bench(record("a", NODE, flapping=True), record("b", NODE))
    assert bench.sees().values("services_flapping", node=NODE) == [1]
