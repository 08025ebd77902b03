"""Sets services in the registry to `unknown` while their folder cannot be read.

A scanner that has just started cannot find out whether such services still exist, whatever status
an earlier scanner has written. Pure: no I/O, no clock.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from hero_router.model import Change, Record, Status
from hero_router.scan.diff import updated
from hero_router.scan.socket_status import EvalTime


def unverified(
    known: Mapping[str, Record],
    present: AbstractSet[str],
    why_unverified: Callable[[str], str | None],
) -> dict[str, str]:
    """The known services that are not `present` but may still exist: service id → reason.

    A service may exist if one of its sockets may exist. `why_unverified` returns the reason by the
    socket's path, or None if the socket is gone.
    """
    reasons = {}
    for key in known.keys() - present:
        found = (why_unverified(socket.path) for socket in known[key].sockets)
        if reason := next(filter(None, found), None):
            reasons[key] = reason
    return reasons


def to_unknown(
    known: Mapping[str, Record], reasons: Mapping[str, str], now: EvalTime
) -> Iterator[Change]:
    """The changes that set these services to `unknown`, if their records differ from that."""
    for key, reason in reasons.items():
        old = known[key]
        if (old.status, old.reason) != (Status.UNKNOWN, reason):
            yield updated(old, _unknown(old, reason, now))


def _unknown(old: Record, reason: str, now: EvalTime) -> Record:
    sockets = tuple(
        replace(socket, status=Status.UNKNOWN, error=reason, failures=0) for socket in old.sockets
    )
    changed_at = old.changed_at if old.status is Status.UNKNOWN else now.ms
    return replace(
        old, status=Status.UNKNOWN, reason=reason, sockets=sockets, changed_at=changed_at
    )
