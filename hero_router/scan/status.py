"""Decides one socket's status from its last probe and from what is remembered of it. Pure."""

import zlib
from dataclasses import dataclass

from hero_router.model import SocketState, Status
from hero_router.scan.result import Documents, Health, ProbeResult
from hero_router.scan.tracked import TrackedSocket
from hero_router.scan.walk import SocketFile
from hero_router.upstream.outcome import Outcome

DOCUMENTS_EVERY = 12
"""Good documents are asked for in every so many probes: once a minute at the default pace."""
BAD_DOCUMENTS_EVERY = 3
"""A bad document is asked for again after so many probes, so that a repaired one is soon seen. Each
time that it is still bad the number doubles, up to `DOCUMENTS_EVERY`."""

_WITHOUT_ANSWER = {
    Outcome.REFUSED: Status.INACTIVE,
    Outcome.MISSING: Status.UNKNOWN,
    Outcome.DENIED: Status.UNKNOWN,
}
_SPEAKS_HTTP = frozenset({Status.HEALTHY, Status.DEGRADED, Status.UNHEALTHY})
_CALM = frozenset({Status.HEALTHY, Status.NON_RPC, Status.UNKNOWN})
"""Statuses that may last for ever, so that more frequent probes would tell nothing."""
_REACHED = frozenset({Outcome.ANSWERED, Outcome.FOREIGN, Outcome.CLOSED})

NOTHING_OFFERED = "speaks HTTP, but offers no health check, manifest or OpenRPC document"
ONLY_PAGES = "answers every path with a page (HTML): it is no RPC service"


@dataclass(frozen=True, slots=True)
class EvalTime:
    """The time of a decision: Unix ms by Redis's clock, monotonic seconds, number of the scan."""

    ms: int
    seconds: float
    scan: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The settings that decide a status: failures until unhealthy, seconds until stale."""

    failures: int
    stale_seconds: float


def next_state(
    file: SocketFile, before: TrackedSocket, result: ProbeResult, now: EvalTime, rules: Thresholds
) -> TrackedSocket:
    """The socket after one probe. A stale one that cannot be reached stays stale."""
    if result.outcome is Outcome.UNSEEN or (result.outcome is Outcome.MISSING and before.stale):
        return before
    documents, faults = _documents(before, result)
    state = _state(file, before, result, documents, rules)
    changed = (state.status, state.error) != (before.state.status, before.state.error)
    since = _inactive_since(state.status, before, now)
    calm = state.status in _CALM and result.outcome in _REACHED and not (changed or faults)
    return TrackedSocket(
        state=state,
        identity=file.identity,
        documents=documents,
        document_faults=faults,
        documents_in=_documents_in(file, before, result, faults, changed=changed),
        inactive_since=since,
        stale=since is not None and now.seconds - since >= rules.stale_seconds,
        calm_probes=before.calm_probes + 1 if calm else 0,
        probed_ms=now.ms,
    )


def _state(
    file: SocketFile,
    before: TrackedSocket,
    result: ProbeResult,
    documents: Documents | None,
    rules: Thresholds,
) -> SocketState:
    failures = _failures(before, result, rules)
    status, error = _judge(file.role, result, documents, failures, rules)
    latency_ms = result.latency_ms
    if _is_excused(before, result, failures, rules):
        status, error = before.state.status, before.state.error
        latency_ms = before.state.latency_ms if latency_ms is None else latency_ms
    old = before.state
    return SocketState(
        old.name, old.role, old.path, status, latency_ms, error, failures, old.raw_path
    )


def _is_excused(
    before: TrackedSocket, result: ProbeResult, failures: int, rules: Thresholds
) -> bool:
    """Whether a socket keeps its status though it was late: once, it may only have been busy.

    Not where `failures` is 1: then the first failure counts.
    """
    if not _ever_answered(before.state):
        return False
    if result.outcome is Outcome.LATE:
        return failures == 1 < rules.failures
    late = result.documents is not None and result.documents.late and before.document_faults == 0
    return late and before.documents is None and result.health not in (Health.WARN, Health.BAD)


def _documents(before: TrackedSocket, result: ProbeResult) -> tuple[Documents | None, int]:
    """What is known of the documents, and how often in a row they were late or bad.

    Documents that are late for the first time change nothing else.
    """
    if result.documents is None:
        return before.documents, before.document_faults
    if result.documents.error is None:
        return result.documents, 0
    faults = before.document_faults + 1
    if result.documents.late and faults == 1 and _ever_answered(before.state):
        return before.documents, faults
    return result.documents, faults


def _ever_answered(state: SocketState) -> bool:
    """Whether the socket ever answered by HTTP, as far as is known."""
    return state.status in _SPEAKS_HTTP or state.latency_ms is not None


def _inactive_since(status: Status, before: TrackedSocket, now: EvalTime) -> float | None:
    if status is not Status.INACTIVE:
        return None
    return now.seconds if before.inactive_since is None else before.inactive_since


def _failures(before: TrackedSocket, result: ProbeResult, rules: Thresholds) -> int:
    """Failures in a row, counted up to the threshold.

    Closing the connection without an answer is a failure of a socket that ever answered. Of any
    other it only says that the socket does not speak HTTP.
    """
    failed = result.outcome in (Outcome.LATE, Outcome.FAILED) or result.health is Health.BAD
    if failed or (result.outcome is Outcome.CLOSED and _ever_answered(before.state)):
        return min(before.state.failures + 1, rules.failures)
    return 0


def _judge(
    role: str, result: ProbeResult, documents: Documents | None, failures: int, rules: Thresholds
) -> tuple[Status, str | None]:
    if failures > 0:
        return Status.UNHEALTHY if failures >= rules.failures else Status.DEGRADED, result.error
    if result.outcome is Outcome.ANSWERED:
        return _answered(role, result, documents)
    return _WITHOUT_ANSWER.get(result.outcome, Status.NON_RPC), result.error


def _answered(
    role: str, result: ProbeResult, documents: Documents | None
) -> tuple[Status, str | None]:
    """The status of a socket that speaks HTTP and does not say that it is down."""
    if result.health is Health.WARN:
        return Status.DEGRADED, result.error
    if documents is not None and documents.error is not None:
        return Status.DEGRADED, documents.error
    if result.health is Health.GOOD or _has_document(documents):
        return Status.HEALTHY, None
    if result.health is Health.LOGIN:
        return Status.UNKNOWN, result.error
    if role == "rpc":
        return Status.NON_RPC, ONLY_PAGES if result.health is Health.PAGE else NOTHING_OFFERED
    return Status.HEALTHY, None


def _has_document(documents: Documents | None) -> bool:
    facts = None if documents is None else documents.facts
    return facts is not None and facts.source_kind != "page"


def _documents_in(
    file: SocketFile, before: TrackedSocket, result: ProbeResult, faults: int, *, changed: bool
) -> int:
    """The number of probes until the documents are asked for again.

    After any trouble or change the next probe asks for them. The first interval differs by path, so
    that not all services are asked in the same scan.
    """
    if result.documents is None:
        asking = changed or result.outcome not in (Outcome.ANSWERED, Outcome.LATE)
        return 0 if asking else max(before.documents_in - 1, 0)
    if result.documents.late and faults == 1:
        return 0
    if faults:
        return min(BAD_DOCUMENTS_EVERY << min(faults - 1, 8), DOCUMENTS_EVERY) - 1
    spread = zlib.crc32(file.raw) % DOCUMENTS_EVERY if before.documents is None else 0
    return DOCUMENTS_EVERY - 1 + spread
