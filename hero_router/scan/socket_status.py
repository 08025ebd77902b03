"""Derives the status of one socket from the result of a probe and from its earlier probes.

Pure: no I/O, no clock.
"""

import zlib
from dataclasses import dataclass

from hero_router.model import SocketState, Status
from hero_router.scan.probe_result import Documents, Health, ProbeResult
from hero_router.scan.tracked_state import TrackedSocket
from hero_router.scan.walk import SocketFile
from hero_router.upstream.outcome import Outcome

DOCUMENTS_EVERY = 12
"""Number of probes after which a socket with good documents is asked for its documents again."""
BAD_DOCUMENTS_EVERY = 3
"""Number of probes after which a socket with a bad document is asked for the document again.

While the document is still bad the number doubles, up to `DOCUMENTS_EVERY`."""

_WITHOUT_ANSWER = {
    Outcome.REFUSED: Status.INACTIVE,
    Outcome.MISSING: Status.UNKNOWN,
    Outcome.DENIED: Status.UNKNOWN,
}
_SPEAKS_HTTP = frozenset({Status.HEALTHY, Status.DEGRADED, Status.UNHEALTHY})
_CALM = frozenset({Status.HEALTHY, Status.NON_RPC, Status.UNKNOWN})
"""Statuses that may last for ever, so that the socket is probed less often."""
_REACHED = frozenset({Outcome.ANSWERED, Outcome.FOREIGN, Outcome.CLOSED})

NOTHING_OFFERED = "speaks HTTP, but offers no health check, manifest or OpenRPC document"
ONLY_PAGES = "answers every path with a page (HTML): it is no RPC service"


@dataclass(frozen=True, slots=True)
class EvalTime:
    """When an evaluation happens: Unix ms by Redis's clock, monotonic seconds, scan number."""

    ms: int
    seconds: float
    scan: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The settings for the status of a socket.

    `failures`: failed probes in a row until the socket is unhealthy. `stale_seconds`: seconds
    without a listener until the socket is removed from the registry.
    """

    failures: int
    stale_seconds: float


def next_state(
    file: SocketFile, before: TrackedSocket, result: ProbeResult, now: EvalTime, rules: Thresholds
) -> TrackedSocket:
    """The tracked state of a socket after one more probe."""
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
    """Whether a socket keeps its status though it was late for the first time: it may be busy.

    If the setting `failures` is 1, the first failure counts.
    """
    if not _ever_answered(before.state):
        return False
    if result.outcome is Outcome.LATE:
        return failures == 1 < rules.failures
    late = result.documents is not None and result.documents.late and before.document_faults == 0
    return late and before.documents is None and result.health not in (Health.WARN, Health.BAD)


def _documents(before: TrackedSocket, result: ProbeResult) -> tuple[Documents | None, int]:
    """The socket's documents after a probe, and how often in a row they were late or bad.

    If documents are late for the first time, the earlier documents stay.
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
    """Whether the socket ever sent an HTTP answer, as far as is known."""
    return state.status in _SPEAKS_HTTP or state.latency_ms is not None


def _inactive_since(status: Status, before: TrackedSocket, now: EvalTime) -> float | None:
    if status is not Status.INACTIVE:
        return None
    return now.seconds if before.inactive_since is None else before.inactive_since


def _failures(before: TrackedSocket, result: ProbeResult, rules: Thresholds) -> int:
    """The number of failed probes in a row, up to the threshold.

    If the socket closes the connection without an answer, that is a failure if it ever answered
    before. Else it only means that the socket does not speak HTTP.
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
    """The status of a socket that sent an HTTP answer, and whose health check is not bad."""
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
    """The number of probes until the socket is asked for its documents again.

    After any failure or change the next probe asks for the documents. The first interval differs
    from path to path, so that one scan does not ask all services.
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
