"""One socket's state, from what was just seen and what is remembered of it. Pure."""

import zlib
from dataclasses import dataclass, replace

from hero_router.model import SocketState, Status
from hero_router.scan.result import Health, ProbeResult, Spec
from hero_router.scan.sockets import SocketFile
from hero_router.upstream.outcome import Outcome

SPEC_EVERY = 12
"""Probes between two looks at good documents: a minute at the default pace."""
BAD_SPEC_EVERY = 3
"""Probes until a bad document is looked at again, so that a mended one is soon seen; twice as many
each time that it is still bad, up to `SPEC_EVERY`."""

_PLAIN = {
    Outcome.REFUSED: Status.INACTIVE,
    Outcome.MISSING: Status.UNKNOWN,
    Outcome.DENIED: Status.UNKNOWN,
}
_SPOKE = frozenset({Status.HEALTHY, Status.DEGRADED, Status.UNHEALTHY})
_CALM = frozenset({Status.HEALTHY, Status.NON_RPC, Status.UNKNOWN})
"""Statuses that may stay as they are for ever, so that looking more often would tell nothing."""
_SEEN = frozenset({Outcome.ANSWERED, Outcome.FOREIGN, Outcome.CLOSED})

NOTHING_OFFERED = "speaks HTTP, but offers no health check, manifest or OpenRPC document"
ONLY_PAGES = "answers every path with a page (HTML): it is no RPC service"


@dataclass(frozen=True, slots=True)
class EvalTime:
    """The moment of a decision: by Redis's clock, by the monotonic clock, and in which scan."""

    ms: int
    seconds: float
    scan: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The settings that decide; see `RouterConfig`."""

    node: str
    failures: int
    stale_seconds: float


@dataclass(frozen=True, slots=True)
class TrackedSocket:
    """What is remembered of one socket between probes.

    `spec` is the last outcome of asking for documents, `spec_faults` how often in a row they were
    late or bad, and `ask_in` the probes until they are asked for again; `inactive_since` is by the
    monotonic clock; `stale` sockets have left the registry; `well` is how many probes in a row
    found nothing wrong and nothing new; `probed_ms` is when the last one ended, by Redis's clock.
    """

    state: SocketState
    inode: tuple[int, int, int]
    spec: Spec | None = None
    spec_faults: int = 0
    ask_in: int = 0
    inactive_since: float | None = None
    stale: bool = False
    well: int = 0
    probed_ms: int | None = None


def history_for(
    found: SocketFile, before: TrackedSocket | None, known: SocketState | None
) -> TrackedSocket:
    """The memory to judge by: that of `before`, else what the registry knew, else nothing.

    A socket that was bound anew is asked for its documents again and is not stale any more.
    """
    if before is None:
        state = known or SocketState(found.name, found.role, found.path)
        return TrackedSocket(replace(state, name=found.name, role=found.role), found.inode)
    if before.inode != found.inode:
        kept = replace(before, inode=found.inode, inactive_since=None, stale=False)
        return replace(kept, ask_in=0, well=0)
    return before


def is_new(found: SocketFile, before: TrackedSocket | None) -> bool:
    """Whether this socket was never looked at, or was bound anew since."""
    return before is None or before.inode != found.inode


def documents_due(found: SocketFile, before: TrackedSocket | None) -> bool:
    """Whether this socket's next probe should ask for its documents."""
    return before is None or before.inode != found.inode or before.ask_in <= 0


def next_state(
    found: SocketFile, before: TrackedSocket, seen: ProbeResult, now: EvalTime, rules: Thresholds
) -> TrackedSocket:
    """The memory after one probe. A stale socket that cannot be seen stays away."""
    if seen.kind is Outcome.UNSEEN or (seen.kind is Outcome.MISSING and before.stale):
        return before
    spec, spec_faults = _spec(before, seen)
    state = _state(found, before, seen, spec, rules)
    changed = (state.status, state.error) != (before.state.status, before.state.error)
    since = _inactive_since(state.status, before, now)
    calm = state.status in _CALM and seen.kind in _SEEN and not (changed or spec_faults)
    return TrackedSocket(
        state=state,
        inode=found.inode,
        spec=spec,
        spec_faults=spec_faults,
        ask_in=_ask_in(found, before, seen, spec_faults, changed=changed),
        inactive_since=since,
        stale=since is not None and now.seconds - since >= rules.stale_seconds,
        well=before.well + 1 if calm else 0,
        probed_ms=now.ms,
    )


def _state(
    found: SocketFile,
    before: TrackedSocket,
    seen: ProbeResult,
    spec: Spec | None,
    rules: Thresholds,
) -> SocketState:
    failures = _failures(before, seen, rules)
    status, error = _verdict(found.role, seen, spec, failures, rules)
    latency_ms = seen.latency_ms
    if _excused(before, seen, failures, rules):
        status, error = before.state.status, before.state.error
        latency_ms = before.state.latency_ms if latency_ms is None else latency_ms
    return SocketState(found.name, found.role, found.path, status, latency_ms, error, failures)


def _excused(before: TrackedSocket, seen: ProbeResult, failures: int, rules: Thresholds) -> bool:
    """Whether a socket may keep its status, as it was late once: it may only be busy.

    Where one failure is all that it takes to be unhealthy, there is no second time to wait for.
    """
    if not _spoke(before.state):
        return False
    if seen.kind is Outcome.LATE:
        return failures == 1 < rules.failures
    late = seen.spec is not None and seen.spec.late and before.spec_faults == 0
    return late and before.spec is None and seen.health not in (Health.WARN, Health.BAD)


def _spec(before: TrackedSocket, seen: ProbeResult) -> tuple[Spec | None, int]:
    """What is known of the documents, and how often in a row they were late or bad.

    The first time that they are late counts as not asked.
    """
    if seen.spec is None:
        return before.spec, before.spec_faults
    if seen.spec.error is None:
        return seen.spec, 0
    faults = before.spec_faults + 1
    if seen.spec.late and faults == 1 and _spoke(before.state):
        return before.spec, faults
    return seen.spec, faults


def _spoke(state: SocketState) -> bool:
    """Whether it ever answered by HTTP, as far as is known."""
    return state.status in _SPOKE or state.latency_ms is not None


def _inactive_since(status: Status, before: TrackedSocket, now: EvalTime) -> float | None:
    if status is not Status.INACTIVE:
        return None
    return now.seconds if before.inactive_since is None else before.inactive_since


def _failures(before: TrackedSocket, seen: ProbeResult, rules: Thresholds) -> int:
    """Failures in a row, counted no further than they matter.

    A socket that takes the connection and closes it fails if it ever spoke; else it is foreign.
    """
    failed = seen.kind in (Outcome.LATE, Outcome.FAILED) or seen.health is Health.BAD
    if failed or (seen.kind is Outcome.CLOSED and _spoke(before.state)):
        return min(before.state.failures + 1, rules.failures)
    return 0


def _verdict(
    role: str, seen: ProbeResult, spec: Spec | None, failures: int, rules: Thresholds
) -> tuple[Status, str | None]:
    if failures > 0:
        return Status.UNHEALTHY if failures >= rules.failures else Status.DEGRADED, seen.error
    if seen.kind is Outcome.ANSWERED:
        return _answered(role, seen, spec)
    return _PLAIN.get(seen.kind, Status.NON_RPC), seen.error


def _answered(role: str, seen: ProbeResult, spec: Spec | None) -> tuple[Status, str | None]:
    """The status of a socket that speaks HTTP and does not say that it is down."""
    if seen.health is Health.WARN:
        return Status.DEGRADED, seen.error
    if spec is not None and spec.error is not None:
        return Status.DEGRADED, spec.error
    offered = spec is not None and spec.facts is not None and spec.facts.source_kind != "page"
    if seen.health is Health.GOOD or offered:
        return Status.HEALTHY, None
    if seen.health is Health.LOGIN:
        return Status.UNKNOWN, seen.error
    if role == "rpc":
        return Status.NON_RPC, ONLY_PAGES if seen.health is Health.PAGE else NOTHING_OFFERED
    return Status.HEALTHY, None


def _ask_in(
    found: SocketFile, before: TrackedSocket, seen: ProbeResult, faults: int, *, changed: bool
) -> int:
    """Probes until the documents are asked for again; spread by path, so that not all ask at once.

    After trouble, and after any change, the next answer is taken with its documents.
    """
    if seen.spec is None:
        asking = changed or seen.kind not in (Outcome.ANSWERED, Outcome.LATE)
        return 0 if asking else max(before.ask_in - 1, 0)
    if seen.spec.late and faults == 1:
        return 0
    if faults:
        return min(BAD_SPEC_EVERY << min(faults - 1, 8), SPEC_EVERY) - 1
    spread = zlib.crc32(found.raw) % SPEC_EVERY if before.spec is None else 0
    return SPEC_EVERY - 1 + spread
