"""One socket's state, from what was just seen and what is remembered of it. Pure."""

import zlib
from dataclasses import dataclass, replace

from hero_router.model import SocketState, Status
from hero_router.scan.observation import Kind, Observation, Spec
from hero_router.scan.sockets import Found

SPEC_EVERY = 12
"""Probes between two looks at good documents: a minute at the default pace."""
BAD_SPEC_EVERY = 3
"""Probes between two looks at a bad document, so that a mended one is soon seen."""

_PLAIN = {
    Kind.REFUSED: Status.INACTIVE,
    Kind.MISSING: Status.UNKNOWN,
    Kind.DENIED: Status.UNKNOWN,
}
_SPOKE = frozenset({Status.HEALTHY, Status.DEGRADED, Status.UNHEALTHY})


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of a decision: by Redis's clock, by the monotonic clock, and in which scan."""

    ms: int
    seconds: float
    scan: int


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that decide; see `RouterConfig`."""

    node: str
    failures: int
    stale_seconds: float


@dataclass(frozen=True, slots=True)
class SocketMemory:
    """What is remembered of one socket between probes.

    `spec` is the last outcome of asking for documents and `ask_in` the probes until the next;
    `inactive_since` is by the monotonic clock; `stale` sockets have left the registry.
    """

    state: SocketState
    inode: tuple[int, int, int]
    spec: Spec | None = None
    ask_in: int = 0
    inactive_since: float | None = None
    stale: bool = False


def remembered(
    found: Found, before: SocketMemory | None, known: SocketState | None
) -> SocketMemory:
    """The memory to judge by: that of `before`, else what the registry knew, else nothing.

    A socket that was bound anew is asked for its documents again and is not stale any more.
    """
    if before is None:
        state = known or SocketState(found.name, found.role, found.path)
        return SocketMemory(replace(state, name=found.name, role=found.role), found.inode)
    if before.inode != found.inode:
        return replace(before, inode=found.inode, ask_in=0, inactive_since=None, stale=False)
    return before


def judged(
    found: Found, before: SocketMemory, seen: Observation, now: Now, rules: Rules
) -> SocketMemory:
    """The memory after one probe. A stale socket that cannot be seen stays away."""
    if seen.kind is Kind.UNSEEN or (seen.kind is Kind.MISSING and before.stale):
        return before
    spec = seen.spec or before.spec
    failures = _failures(before, seen, rules)
    status, error = _verdict(found.role, seen, spec, failures, rules)
    since = _inactive_since(status, before, now)
    return SocketMemory(
        state=SocketState(
            found.name, found.role, found.path, status, seen.latency_ms, error, failures
        ),
        inode=found.inode,
        spec=spec,
        ask_in=_ask_in(found, before, seen, changed=status is not before.state.status),
        inactive_since=since,
        stale=since is not None and now.seconds - since >= rules.stale_seconds,
    )


def _inactive_since(status: Status, before: SocketMemory, now: Now) -> float | None:
    if status is not Status.INACTIVE:
        return None
    return now.seconds if before.inactive_since is None else before.inactive_since


def _failures(before: SocketMemory, seen: Observation, rules: Rules) -> int:
    """Failures in a row, counted no further than they matter.

    A socket that takes the connection and closes it fails if it ever spoke; else it is foreign.
    """
    failed = seen.kind is Kind.FAILED
    if failed or (seen.kind is Kind.CLOSED and before.state.status in _SPOKE):
        return min(before.state.failures + 1, rules.failures)
    return 0


def _verdict(
    role: str, seen: Observation, spec: Spec | None, failures: int, rules: Rules
) -> tuple[Status, str | None]:
    if seen.kind is Kind.ANSWERED:
        return _answered(role, seen, spec)
    if seen.kind in _PLAIN:
        return _PLAIN[seen.kind], seen.error
    if failures == 0:
        return Status.NON_RPC, seen.error
    return Status.UNHEALTHY if failures >= rules.failures else Status.DEGRADED, seen.error


def _answered(role: str, seen: Observation, spec: Spec | None) -> tuple[Status, str | None]:
    if seen.error is not None:
        return Status.DEGRADED, seen.error
    if spec is not None and spec.error is not None:
        return Status.DEGRADED, spec.error
    offers = seen.checked or (spec is not None and spec.facts is not None)
    if role == "rpc" and not offers:
        return Status.NON_RPC, "speaks HTTP, but offers no health check, manifest or OpenRPC"
    return Status.HEALTHY, None


def _ask_in(found: Found, before: SocketMemory, seen: Observation, *, changed: bool) -> int:
    """Probes until the documents are asked for again; spread by path, so that not all ask at once.

    After trouble, and after any change, the next answer is taken with its documents.
    """
    if seen.spec is None:
        asking = seen.kind is not Kind.ANSWERED or changed
        return 0 if asking else max(before.ask_in - 1, 0)
    if seen.spec.error is not None:
        return BAD_SPEC_EVERY - 1
    spread = zlib.crc32(found.raw) % SPEC_EVERY if before.spec is None else 0
    return SPEC_EVERY - 1 + spread
