"""Orders the statuses from best to worst. Pure: no I/O, no clock."""

from collections.abc import Iterable

from hero_router.model import Status

_FROM_BEST_TO_WORST = (
    Status.HEALTHY,
    Status.UNKNOWN,
    Status.DEGRADED,
    Status.NON_RPC,
    Status.INACTIVE,
    Status.UNHEALTHY,
)


def severity(status: Status) -> int:
    """How bad a status is: 0 is healthy."""
    return _FROM_BEST_TO_WORST.index(status)


def most_severe(statuses: Iterable[Status]) -> Status:
    """The worst of several services' statuses; `unknown` if there is none."""
    return max(statuses, key=severity, default=Status.UNKNOWN)


def known_status(name: object) -> Status:
    """The status of this name; one of a newer version counts as `unknown`."""
    return next((status for status in Status if status == name), Status.UNKNOWN)
