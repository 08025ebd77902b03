"""The order of the statuses, from the best to the worst."""

from hero_router.model import Status
from hero_router.severity import known_status, most_severe, severity


def test_each_status_is_worse_than_the_one_before() -> None:
    order = ["healthy", "unknown", "degraded", "non_rpc", "inactive", "unhealthy"]
    assert [status.value for status in sorted(Status, key=severity)] == order
    assert len(set(map(severity, Status))) == len(order)
    assert severity(Status.HEALTHY) == 0


def test_the_worst_of_none_is_unknown() -> None:
    assert most_severe([]) is Status.UNKNOWN
    assert most_severe([Status.HEALTHY, Status.DEGRADED, Status.UNKNOWN]) is Status.DEGRADED


def test_a_status_of_a_newer_version_is_unknown() -> None:
    assert known_status("healthy") is Status.HEALTHY
    for name in ("resting", "", None, 3):
        assert known_status(name) is Status.UNKNOWN
