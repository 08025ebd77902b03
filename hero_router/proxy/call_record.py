"""`ProxiedCall`: times, sizes and result of one request to a service, for metrics and logs."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from hero_router.upstream.outcome import Outcome
from hero_router.upstream.safe_connect import NoResponse

Json = Mapping[str, Any]


class Cause(StrEnum):
    """How a request to a service ended, or why the router did not pass it on."""

    COMPLETE = "complete"
    """The client was sent a whole answer of the service, or a tunnel began."""
    REFUSED = "refused"
    """Nothing listens on the socket."""
    MISSING = "missing"
    """The socket file is gone, or cannot be reached."""
    DENIED = "denied"
    """The web worker may not connect to the socket."""
    EXHAUSTED = "exhausted"
    """The router lacked memory or open files for the request."""
    LATE = "late"
    """The service did not accept the connection, begin its answer or go on with it in time."""
    BROKEN_UPSTREAM = "broken_upstream"
    """The service broke off, or sent something that is not HTTP."""
    BROKEN_CLIENT = "broken_client"
    """The body of the request was malformed or late."""
    CANCELLED = "cancelled"
    """The client left before the end of the answer, its right was revoked, or the worker ended."""
    UNREACHABLE = "unreachable"
    """The service runs on a node whose router cannot be reached, or refuses the request."""
    LOOP = "loop"
    """The request had passed through this router before, or would take a second hop."""
    FORBIDDEN = "forbidden"
    """The caller may not call the service."""
    INTERNAL = "internal"
    """An error of the router itself."""


CAUSES: Mapping[Outcome, Cause] = {
    Outcome.LATE: Cause.LATE,
    Outcome.FAILED: Cause.BROKEN_UPSTREAM,
    Outcome.CLOSED: Cause.BROKEN_UPSTREAM,
    Outcome.FOREIGN: Cause.BROKEN_UPSTREAM,
    Outcome.REFUSED: Cause.REFUSED,
    Outcome.MISSING: Cause.MISSING,
    Outcome.DENIED: Cause.DENIED,
    Outcome.UNSEEN: Cause.EXHAUSTED,
}
"""The cause for each outcome of a request to a socket."""


class ProxiedCall:
    """One request to a service. Times are of `clock`, in seconds.

    `status` is the status that the client gets, 0 before that. `first_byte_at` is 0 as long
    as no answer has begun. `received_bytes` and `sent_bytes` are those of the bodies, as the client
    sent and got them; what a tunnel carries is not counted. `trace_id` is that of its W3C trace
    context, "" without one. `is_listed` says whether the router of another node lists the error, if
    there is one.
    """

    __slots__ = (
        "_clock", "cause", "ended_at", "first_byte_at", "is_listed", "reason", "received_bytes",
        "record", "sent_bytes", "socket", "started_at", "status", "trace_id",
    )  # fmt: skip

    def __init__(self, record: Json, socket: Json, clock: Callable[[], float]) -> None:
        self.record, self.socket, self._clock = record, socket, clock
        self.started_at, self.first_byte_at, self.ended_at = clock(), 0.0, 0.0
        self.status = self.received_bytes = self.sent_bytes = 0
        self.cause, self.reason, self.trace_id = Cause.COMPLETE, "", ""
        self.is_listed = False

    def first_byte(self, status: int) -> None:
        """Note that the service has begun its answer, with this status."""
        self.status, self.first_byte_at = status, self._clock()

    def failed(self, failure: NoResponse) -> None:
        """Note that the service gave no complete answer."""
        self.cause, self.reason = CAUSES.get(failure.outcome, Cause.INTERNAL), str(failure)

    def refused(self, cause: Cause, status: int, reason: str) -> None:
        """Note that the router answers instead of the service; keeps a cause that is set."""
        if self.cause is Cause.COMPLETE:
            self.cause, self.reason = cause, reason
        self.status = self.status or status

    def ended(self) -> None:
        """Note the end of the request."""
        self.ended_at = self._clock()
