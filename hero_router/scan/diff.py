"""Decides what changed: known records, memory, observations and the time in; changes out. Pure.

An unchanged world makes no change. Figures (latency, failures so far) are never a change alone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from hero_router.model import Change, Record, SocketState, Status, readable, worst
from hero_router.scan.flaps import Flaps, changed, hold_worst, state_key
from hero_router.scan.naming import DiscoveredService
from hero_router.scan.result import Facts, ProbeResult
from hero_router.scan.status import EvalTime, Thresholds, TrackedSocket, history_for, next_state

MAX_REASONS = 4
"""Most sockets that one service's reason names."""
_RANK = {"openrpc": 3, "manifest": 2, "none": 1, "page": 0}
"""Whose documents speak for a service that has several; the first of a kind, as it has them."""


@dataclass(frozen=True, slots=True)
class TrackedService:
    """What is remembered of one service between scans, beyond its record.

    `record` is the last one that was decided: with it a service that Redis lost, or that left and
    came back, keeps its history. `published` is the scan in which that record last changed, and
    `shown` whether it is in the registry unless a foreign hand took it.
    """

    sockets: Mapping[bytes, TrackedSocket] = field(default_factory=dict)
    flaps: Flaps = field(default_factory=Flaps)
    record: Record | None = None
    published: int = -1
    shown: bool = False

    @property
    def told(self) -> Record | None:
        """The record that everybody shows, though Redis may have lost it."""
        return self.record if self.shown else None


def after_takeover(memory: TrackedService, known: Record | None) -> TrackedService:
    """What is still worth remembering after another scanner ruled: the registry knows better.

    Kept are the history, and the stale sockets that the registry does not show either.
    """
    shown = () if known is None else tuple(socket.path for socket in known.sockets)
    sockets = {
        raw: socket
        for raw, socket in memory.sockets.items()
        if socket.stale and socket.state.path not in shown
    }
    return TrackedService(sockets, record=memory.record)


def diff(
    known: Mapping[str, Record],
    memories: Mapping[str, TrackedService],
    seen: Iterable[DiscoveredService],
    observations: Mapping[bytes, ProbeResult],
    now: EvalTime,
    rules: Thresholds,
) -> tuple[list[Change], dict[str, TrackedService]]:
    """The changes of the services in `seen`, and their new memories.

    A socket without an observation stays as it is remembered; a new one is `unknown`.
    """
    changes, after = [], {}
    for item in seen:
        old, memory = known.get(item.id), memories.get(item.id, TrackedService())
        sockets = _look(item, memory, old, observations, now, rules)
        new, after[item.id] = _settle(item, memory, old, sockets, now, rules.node)
        change = _removed(old or memory.told, "stale") if new is None else _change(old, new)
        changes += [] if change is None else [change]
    return changes, after


def removals(
    known: Mapping[str, Record],
    memories: Mapping[str, TrackedService],
    present: Collection[str],
    now: EvalTime,
) -> tuple[list[Change], dict[str, TrackedService]]:
    """The changes of services whose sockets are gone, and what is still remembered of those.

    One that flaps stays, as bad as it is shown, until it has been gone for a whole window.
    """
    changes, after = [], {}
    for key in {*known, *memories} - set(present):
        memory = memories.get(key, TrackedService())
        flaps = memory.flaps.after(now.scan, moved=bool(memory.sockets))
        if flaps.moves:
            shown = memory.shown and flaps.marked
            after[key] = replace(memory, sockets={}, flaps=flaps, shown=shown)
        change = None if flaps.marked else _removed(known.get(key) or memory.told, "gone")
        changes += [] if change is None else [change]
    return changes, after


def _look(
    item: DiscoveredService,
    memory: TrackedService,
    old: Record | None,
    observations: Mapping[bytes, ProbeResult],
    now: EvalTime,
    rules: Thresholds,
) -> dict[bytes, TrackedSocket]:
    states = {} if old is None else {socket.path: socket for socket in old.sockets}
    sockets = {}
    for found in item.sockets:
        before = history_for(found, memory.sockets.get(found.raw), states.get(found.path))
        observed = observations.get(found.raw)
        after = before if observed is None else next_state(found, before, observed, now, rules)
        sockets[found.raw] = after
    return sockets


def _settle(
    item: DiscoveredService,
    memory: TrackedService,
    old: Record | None,
    sockets: dict[bytes, TrackedSocket],
    now: EvalTime,
    node: str,
) -> tuple[Record | None, TrackedService]:
    """The service's record (`old` itself where nothing changed; None: all is stale), and memory."""
    before = old or memory.record
    live = [socket for socket in sockets.values() if not socket.stale]
    shaken = changed(_face(memory.sockets.values()), _face(sockets.values()))
    flaps = memory.flaps.after(now.scan, moved=shaken)
    if not live:
        return None, TrackedService(sockets, flaps, before, memory.published)
    record = _record(item, before, live, now, node)
    if flaps.marked and old is not None:
        record = hold_worst(record, old, again=memory.published == now.scan)
    record = _dated(record, before, now)
    if old is not None and _alike(old, record):
        return old, TrackedService(sockets, flaps, old, memory.published, shown=True)
    return record, TrackedService(sockets, flaps, record, now.scan, shown=True)


def _record(
    item: DiscoveredService,
    before: Record | None,
    live: list[TrackedSocket],
    now: EvalTime,
    node: str,
) -> Record:
    states = tuple(socket.state for socket in live)
    facts, error = _facts(before, live)
    return Record(
        id=item.id,
        name=item.name,
        context=item.context,
        node=node,
        status=_overall(states),
        reason=_reason(states),
        first_seen=now.ms,
        changed_at=now.ms,
        sockets=states,
        title=facts.title,
        description=facts.description,
        version=facts.version,
        protocol=facts.protocol,
        methods=facts.methods,
        methods_count=facts.methods_count,
        socket_path=_path_of(item, states[0]),
        source=facts.source,
        source_kind=facts.source_kind,
        spec_error=error,
        conflict=item.conflict,
    )


def _dated(record: Record, before: Record | None, now: EvalTime) -> Record:
    """`first_seen` is kept for ever, `changed_at` until the status changes."""
    if before is None:
        return record
    changed = now.ms if before.status is not record.status else before.changed_at
    return replace(record, first_seen=before.first_seen, changed_at=changed)


def _overall(states: tuple[SocketState, ...]) -> Status:
    """Worst-of. Not counted beside others: who is not known yet, who answers but asks for a login,
    and `other` that is not HTTP.

    A socket that cannot be seen, or may not be connected to, is no fault, but the whole is then not
    healthy: nobody knows.
    """
    telling = [state.status for state in states if state.status is not Status.UNKNOWN]
    services = [
        state.status
        for state in states
        if state.status in telling
        and not (state.role == "other" and state.status is Status.NON_RPC)
    ]
    found = worst(services or telling)
    return Status.UNKNOWN if found is Status.HEALTHY and any(map(_is_unseen, states)) else found


def _is_unseen(state: SocketState) -> bool:
    """Whether nothing of this socket could be learned; one that answered has a latency."""
    silent = state.error is not None and state.latency_ms is None
    return silent and state.status is Status.UNKNOWN


def _reason(states: tuple[SocketState, ...]) -> str:
    """Why it is not healthy, socket by socket; one socket alone needs no name."""
    troubled = [state for state in states if state.error is not None]
    if len(states) == 1:
        return "".join(state.error or "" for state in troubled)
    named = [f"{state.name}: {state.error}" for state in troubled]
    more = [f"and {len(named) - MAX_REASONS} more"] if len(named) > MAX_REASONS else []
    return "; ".join(named[:MAX_REASONS] + more)


def _facts(before: Record | None, live: list[TrackedSocket]) -> tuple[Facts, str | None]:
    """What the documents say, and why the last good ones are kept.

    The first socket with good documents speaks for the service. What is known stays known while
    no socket has said otherwise: a service that is down keeps its title.
    """
    specs = [socket.spec for socket in live if socket.spec is not None]
    unsaid = any(
        socket.spec is None and socket.state.status is not Status.NON_RPC for socket in live
    )
    error = next((spec.error for spec in specs if spec.error is not None), None)
    good = [spec.facts for spec in specs if spec.error is None and spec.facts is not None]
    if good:
        return max(good, key=lambda facts: _RANK.get(facts.source_kind, 0)), error
    if before is not None and not specs:
        return _kept(before), before.spec_error
    if before is not None and before.source_kind != "none" and (error is not None or unsaid):
        return _kept(before), error
    return next((spec.facts for spec in specs if spec.facts is not None), Facts()), error


def _kept(record: Record) -> Facts:
    return Facts(
        title=record.title,
        description=record.description,
        version=record.version,
        protocol=record.protocol,
        methods=record.methods,
        methods_count=record.methods_count,
        source=record.source,
        source_kind=record.source_kind,
    )


def _path_of(item: DiscoveredService, first: SocketState) -> str:
    target = next(found.target for found in item.sockets if found.path == first.path)
    return readable(target)


def _face(sockets: Iterable[TrackedSocket]) -> Mapping[str, tuple[Status, str | None]]:
    return state_key(tuple(socket.state for socket in sockets))


def _change(old: Record | None, new: Record) -> Change | None:
    if old is None:
        return Change("service_added", new.id, {}, new)
    if old is new:
        return None
    if old.status is new.status:
        return Change("service_updated", new.id, {}, new)
    data = {"from": old.status, "to": new.status, "reason": new.reason}
    return Change("status_change", new.id, data, new)


def _removed(old: Record | None, reason: str) -> Change | None:
    if old is None:
        return None
    data = {"id": old.id, "name": old.name, "context": old.context, "node": old.node}
    return Change("service_removed", old.id, {**data, "reason": reason})


def _alike(one: Record, other: Record) -> bool:
    """Whether two records are the same but for figures."""
    if len(one.sockets) != len(other.sockets):
        return False
    pairs = zip(one.sockets, other.sockets, strict=True)
    if any(_told(mine) != _told(theirs) for mine, theirs in pairs):
        return False
    return replace(one, sockets=other.sockets) == other


def _told(socket: SocketState) -> tuple[object, ...]:
    return socket.name, socket.role, socket.path, socket.status, socket.error
