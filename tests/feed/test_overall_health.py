"""The summary for monitors: what counts as well, and that nothing unknown does."""

from typing import Any

import pytest

from hero_router.errors import BadRequest
from hero_router.feed.overall_health import MOST_NAMED, OverallHealth, Selection, summarize
from hero_router.model import Status

GONE = {"reason": "scanner", "node": "n2", "since": 7, "detail": "no scanner for n2"}
REDIS = {"reason": "redis", "node": None, "since": 8, "detail": "Redis is away"}


def service(name: str, status: str = "healthy", **changes: Any) -> dict[str, Any]:
    made = {"id": f"id-{name}", "name": name, "context": "default", "node": "n1"}
    return {**made, "status": status, "reason": "", "changed_at": 5, "flapping": False, **changes}


WELL = [service("a"), service("b", node="n2"), service("c", context="shop")]


def summed(*records: dict[str, Any], stale: Any = (), **asked: list[str]) -> OverallHealth:
    return summarize(records, stale, Selection.of(**asked))


def test_all_services_are_healthy() -> None:
    found = summed(*WELL)
    assert (found.status, found.well, found.total) == (Status.HEALTHY, True, 3)
    assert (found.reason, found.services) == ("well: all 3 services", [])


@pytest.mark.parametrize("status", [*(set(Status) - {Status.HEALTHY}), "of a newer version"])
def test_any_other_status_is_not_well_and_is_named_with_reason_and_time(status: str) -> None:
    ill = service("d", status, reason="why", changed_at=9, flapping=True)
    found = summed(*WELL, ill)
    assert not found.well
    assert found.reason == "1 of 4 services is not well"
    (named,) = found.services
    assert (named["name"], named["status"], named["reason"]) == ("d", status, "why")
    assert (named["since"], named["flapping"]) == (9, True)


def test_the_worst_come_first_and_give_the_status() -> None:
    found = summed(service("x", "degraded"), service("y", "unhealthy"), service("z", "unknown"))
    assert [item["name"] for item in found.services] == ["y", "x", "z"]
    assert found.status is Status.UNHEALTHY
    assert found.counts == {"degraded": 1, "unhealthy": 1, "unknown": 1}


def test_more_statuses_may_count_as_well_but_never_unknown() -> None:
    ill = service("d", "degraded"), service("e", "non_rpc")
    assert summed(*ill, well=["degraded,non_rpc"]).well
    assert summed(*ill, well=["degraded"]).reason == "1 of 2 services is not well"
    for refused in ("unknown", "fine"):
        with pytest.raises(BadRequest, match="well: "):
            summed(*ill, well=[refused])


def test_ignored_services_do_not_count() -> None:
    found = summed(*WELL, service("d", "unhealthy"), ignore=["d, id-a"])
    assert (found.well, found.total, found.ignored) == (True, 2, 2)


def test_a_selection_sees_only_its_services() -> None:
    ill = service("d", "unhealthy", context="shop")
    assert summed(*WELL, ill, context=["default"]).total == 2
    assert summed(*WELL, ill, node=["n2"]).total == 1
    assert summed(*WELL, ill, service=["id-a", "c"]).total == 2
    assert not summed(*WELL, ill, context=["shop"]).well


@pytest.mark.parametrize(
    ("asked", "missing"),
    [
        ({"service": ["a,gone"]}, "service gone"),
        ({"context": ["lab"]}, "context lab"),
        ({"node": ["n1,n9"]}, "node n9"),
        ({"service": ["c"], "context": ["default"]}, "context default, service c"),
    ],
)
def test_what_is_asked_for_and_not_there_is_not_well(
    asked: dict[str, list[str]], missing: str
) -> None:
    """A monitor of a service notices that the service has left, and a wrong name too."""
    found = summed(*WELL, **asked)
    assert not found.well
    assert found.reason == f"not found: {missing}"
    assert found.status is Status.UNKNOWN


def test_no_service_at_all_is_not_well() -> None:
    found = summed()
    assert (found.well, found.status, found.reason) == (
        False,
        Status.UNKNOWN,
        "there is no service",
    )
    assert not summed(service("a"), ignore=["a"]).well


def test_a_stale_state_is_never_well() -> None:
    found = summed(*WELL, stale=[REDIS])
    assert (found.well, found.status) == (False, Status.UNKNOWN)
    assert found.reason == "the state may be out of date: Redis is away"
    assert found.stale == [REDIS]
    assert summed(service("d", "unhealthy"), stale=[REDIS]).status is Status.UNHEALTHY


def test_a_condition_of_a_node_counts_for_its_services_and_for_everything() -> None:
    assert not summed(*WELL, stale=[GONE]).well
    assert summed(*WELL, stale=[GONE], node=["n1"]).well
    assert not summed(*WELL, stale=[GONE], node=["n2"]).well
    assert not summed(*WELL, stale=[GONE], service=["b"]).well
    assert not summed(service("a"), stale=[GONE]).well
    assert not summed(*WELL, stale=[REDIS], node=["n1"]).well


def test_the_services_of_a_lost_node_are_unknown_since_it_was_lost() -> None:
    lost = service("b", "unknown", node="n2", last_status="healthy")
    (named,) = summed(lost, stale=[GONE]).services
    assert (named["since"], named["last_status"]) == (7, "healthy")


def test_only_so_many_are_named_and_all_are_counted() -> None:
    found = summed(*(service(f"s{number}", "degraded") for number in range(MOST_NAMED + 3)))
    assert (len(found.services), found.unnamed) == (MOST_NAMED, 3)
    assert found.counts == {"degraded": MOST_NAMED + 3}
