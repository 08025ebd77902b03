"""Computes the changes to publish, from the known state of services and from probe results.

New figures alone (latency, number of failures) are no change. Pure: no I/O, no clock.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from hero_router.model import Change, Record
from hero_router.scan.flaps import StateKey, changed, hold_worst, state_key
from hero_router.scan.probe_result import ProbeResult
from hero_router.scan.record_builder import build_record, same_but_figures
from hero_router.scan.service_names import DiscoveredService
from hero_router.scan.socket_status import EvalTime, Thresholds, next_state
from hero_router.scan.tracked_state import TrackedService, TrackedSocket, track


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The input of `diff`: service records, tracked state, probe results, time, thresholds.

    `known` are the node's service records in the registry; `tracked` is the state that the scanner
    keeps between scans; both are by service id. `results` are by the socket's raw path.
    """

    node: str
    known: Mapping[str, Record]
    tracked: Mapping[str, TrackedService]
    now: EvalTime
    rules: Thresholds
    results: Mapping[bytes, ProbeResult]


Decision = tuple[list[Change], dict[str, TrackedService]]
"""The changes to publish, and the new tracked state by service id."""


def diff(present: Iterable[DiscoveredService], given: Evaluation) -> Decision:
    """Compute the changes of the services in the socket folder (`present`).

    A socket without a result keeps its tracked state; a new socket is `unknown`.
    """
    changes, after = [], {}
    for service in present:
        old = given.known.get(service.id)
        tracked = given.tracked.get(service.id, TrackedService())
        new, after[service.id] = _evaluate(service, tracked, old, given)
        change = removed(old or tracked.registered, "stale") if new is None else _change(old, new)
        changes += [] if change is None else [change]
    return changes, after


def removals(present: Collection[str], given: Evaluation) -> Decision:
    """Compute the removals of known services that are not `present`.

    A flapping service stays, at its worst status, until it has been gone for `flaps.WINDOW` scans.
    """
    changes, after = [], {}
    for key in {*given.known, *given.tracked} - set(present):
        tracked = given.tracked.get(key, TrackedService())
        flaps = tracked.flaps.after(given.now.scan, moved=bool(tracked.sockets))
        if flaps.moves:
            in_registry = tracked.in_registry and flaps.marked
            after[key] = replace(tracked, sockets={}, flaps=flaps, in_registry=in_registry)
        old = given.known.get(key) or tracked.registered
        change = None if flaps.marked else removed(old, "gone")
        changes += [] if change is None else [change]
    return changes, after


def updated(old: Record, new: Record) -> Change:
    """The change from one service record to the next: an update, or a status change."""
    if old.status is new.status:
        return Change("service_updated", new.id, {}, new)
    data = {"from": old.status, "to": new.status, "reason": new.reason}
    return Change("status_change", new.id, data, new)


def removed(old: Record | None, reason: str) -> Change | None:
    """The removal of a service from the registry; None if the registry never had the service."""
    if old is None:
        return None
    data = {"id": old.id, "name": old.name, "context": old.context, "node": old.node}
    return Change("service_removed", old.id, {**data, "reason": reason})


def _change(old: Record | None, new: Record) -> Change | None:
    if old is None:
        return Change("service_added", new.id, {}, new)
    return None if old is new else updated(old, new)


def _evaluate(
    service: DiscoveredService, tracked: TrackedService, old: Record | None, given: Evaluation
) -> tuple[Record | None, TrackedService]:
    """The new record and tracked state of a service.

    The record is `old` itself if nothing changed, and None if all sockets are dead (`stale`).
    """
    sockets = _sockets(service, tracked, old, given)
    before, scan = old or tracked.record, given.now.scan
    live = {raw: socket for raw, socket in sockets.items() if not socket.stale}
    moved = changed(_state_key(tracked.sockets), _state_key(sockets))
    flaps = tracked.flaps.after(scan, moved=moved)
    if not live:
        return None, TrackedService(sockets, flaps, before, tracked.changed_in)
    record = build_record(given.node, service, before, live, given.now)
    if flaps.marked and old is not None:
        record = hold_worst(record, old, again=tracked.changed_in == scan)
    if old is not None and same_but_figures(old, record):
        return old, TrackedService(sockets, flaps, old, tracked.changed_in, in_registry=True)
    return record, TrackedService(sockets, flaps, record, scan, in_registry=True)


def _sockets(
    service: DiscoveredService, tracked: TrackedService, old: Record | None, given: Evaluation
) -> dict[bytes, TrackedSocket]:
    """The tracked state of the service's sockets, after the given probe results."""
    sockets = {}
    for file in service.sockets:
        before = track(file, tracked.sockets.get(file.raw), old)
        result = given.results.get(file.raw)
        sockets[file.raw] = (
            before if result is None else next_state(file, before, result, given.now, given.rules)
        )
    return sockets


def _state_key(sockets: Mapping[bytes, TrackedSocket]) -> StateKey:
    return state_key(socket.state for socket in sockets.values())
