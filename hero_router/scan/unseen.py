"""Services of which a scanner that has just begun knows only by the registry, as it cannot look at
their folder: they are unknown, whatever was true when somebody last saw them. Pure."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from hero_router.model import Change, Record, Status
from hero_router.scan.status import EvalTime


def unseen(
    known: Mapping[str, Record], seen: AbstractSet[str], why: Callable[[str], str | None]
) -> dict[str, str]:
    """Why known services without a socket in sight may still be there, by id.

    `why` tells it of the path of one socket; a service may be there if one of its sockets may.
    """
    held = {}
    for key in known.keys() - seen:
        reasons = (why(socket.path) for socket in known[key].sockets)
        if reason := next(filter(None, reasons), None):
            held[key] = reason
    return held


def hidden(known: Mapping[str, Record], why: Mapping[str, str], now: EvalTime) -> Iterator[Change]:
    """The changes of the services in `why` (id → reason) that are not yet told so."""
    for key, reason in why.items():
        old = known[key]
        if (old.status, old.reason) != (Status.UNKNOWN, reason):
            yield _change(old, reason, now)


def _change(old: Record, reason: str, now: EvalTime) -> Change:
    sockets = tuple(
        replace(socket, status=Status.UNKNOWN, error=reason, failures=0) for socket in old.sockets
    )
    new = replace(old, status=Status.UNKNOWN, reason=reason, sockets=sockets)
    if old.status is Status.UNKNOWN:
        return Change("service_updated", new.id, {}, new)
    new = replace(new, changed_at=now.ms)
    data = {"from": old.status, "to": new.status, "reason": reason}
    return Change("status_change", new.id, data, new)
