"""Builds a service record from the states of the service's sockets and from its documents.

Pure: no I/O, no clock.
"""

from collections.abc import Mapping
from dataclasses import fields
from operator import attrgetter

from hero_router.model import Facts, Record, SocketState, Status, worst
from hero_router.sanitize import readable
from hero_router.scan.service_names import DiscoveredService
from hero_router.scan.socket_status import EvalTime
from hero_router.scan.tracked_state import TrackedSocket

MAX_REASONS = 4
"""Maximum number of sockets that the reason of one service names."""
_RANK = {"openrpc": 3, "manifest": 2, "none": 1, "page": 0}
"""Ranks of the kinds of documents: the facts come from the highest one, of the first socket."""


def build_record(
    node: str,
    service: DiscoveredService,
    before: Record | None,
    live: Mapping[bytes, TrackedSocket],
    now: EvalTime,
) -> Record:
    """Build the record of a service from its sockets that have a listener (`live`).

    The dates of the record `before` are kept.
    """
    states = tuple(socket.state for socket in live.values())
    status = _overall(states)
    facts, spec_error = _facts(before, list(live.values()))
    unchanged = before is not None and before.status is status
    return Record(
        id=service.id,
        name=service.name,
        context=service.context,
        node=node,
        status=status,
        reason=_reason(states),
        first_seen=before.first_seen if before else now.ms,
        changed_at=before.changed_at if before and unchanged else now.ms,
        sockets=states,
        socket_path=_socket_path(service, next(iter(live))),
        spec_error=spec_error,
        conflict=service.conflict,
        **facts.values(),
    )


def same_but_figures(one: Record, other: Record) -> bool:
    """Whether two service records are equal but for latencies and failures of their sockets."""
    if _without_sockets(one) != _without_sockets(other):
        return False
    return [*map(_without_figures, one.sockets)] == [*map(_without_figures, other.sockets)]


_FIGURES = {"latency_ms", "failures"}
_without_sockets = attrgetter(*(item.name for item in fields(Record) if item.name != "sockets"))
_without_figures = attrgetter(
    *(item.name for item in fields(SocketState) if item.name not in _FIGURES)
)


def _overall(states: tuple[SocketState, ...]) -> Status:
    """The status of a service, derived from its sockets' statuses by `worst`.

    Sockets that are `unknown`, and `other` sockets that do not speak HTTP, only count if the
    service has no sockets besides. But if a socket could not be reached at all, a service that
    would be healthy is `unknown`.
    """
    counted = [state for state in states if state.status is not Status.UNKNOWN]
    services = [
        state for state in counted if not (state.role == "other" and state.status is Status.NON_RPC)
    ]
    status = worst(state.status for state in services or counted)
    if status is Status.HEALTHY and any(map(_is_out_of_reach, states)):
        return Status.UNKNOWN
    return status


def _is_out_of_reach(state: SocketState) -> bool:
    """Whether a socket could not be reached at all; a socket that ever answered has a latency."""
    silent = state.error is not None and state.latency_ms is None
    return silent and state.status is Status.UNKNOWN


def _reason(states: tuple[SocketState, ...]) -> str:
    """Why a service is not healthy: the errors of its sockets, with names if there are several."""
    failing = [state for state in states if state.error is not None]
    if len(states) == 1:
        return "".join(state.error or "" for state in failing)
    named = [f"{state.name}: {state.error}" for state in failing]
    more = [f"and {len(named) - MAX_REASONS} more"] if len(named) > MAX_REASONS else []
    return "; ".join(named[:MAX_REASONS] + more)


def _facts(before: Record | None, live: list[TrackedSocket]) -> tuple[Facts, str | None]:
    """The facts of a service, and the error of its documents, if any.

    The facts come from the good document with the highest rank. The last known facts stand for a
    document that is bad or was not asked for yet, so that a service that is down keeps its title;
    but not if no socket offers such a document any more.
    """
    asked = [socket.documents for socket in live if socket.documents is not None]
    if before is not None and not asked:
        return Facts.of(before), before.spec_error
    error = next(filter(None, (_document_error(socket, before) for socket in live)), None)
    good = [answer.facts for answer in asked if answer.error is None and answer.facts is not None]
    if before is not None and _may_return(before.source_kind, live):
        good.append(Facts.of(before))  # the last one, as the first of the highest rank counts
    if good:
        return max(good, key=lambda facts: _RANK.get(facts.source_kind, 0)), error
    return next((answer.facts for answer in asked if answer.facts is not None), Facts()), error


def _may_return(kind: str, live: list[TrackedSocket]) -> bool:
    """Whether a socket may still offer a document of this kind; `rpc` sockets alone offer OpenRPC.

    Such a socket was not asked yet, or its answer is bad.
    """
    able = [socket for socket in live if kind != "openrpc" or socket.state.role == "rpc"]
    return kind != "none" and any(map(_is_in_doubt, able))


def _document_error(socket: TrackedSocket, before: Record | None) -> str | None:
    """What is wrong with a socket's documents; the last known error until they are asked for."""
    if socket.documents is not None:
        return socket.documents.error
    known = before.spec_error if before is not None else None
    return known if socket.state.error == known else None


def _is_in_doubt(socket: TrackedSocket) -> bool:
    if socket.documents is None:
        return socket.state.status is not Status.NON_RPC
    return socket.documents.error is not None


def _socket_path(service: DiscoveredService, raw: bytes) -> str:
    return readable(next(file.real_path for file in service.sockets if file.raw == raw))
