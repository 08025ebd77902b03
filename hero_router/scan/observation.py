"""What a probe can tell about one socket: plain values between `probe`, which asks, and `diff`."""

from dataclasses import dataclass
from enum import StrEnum

NO_PERMISSION = "permission denied: the scanner may not connect"
"""The error of all sockets that were DENIED."""


class Kind(StrEnum):
    """How far a probe came."""

    ANSWERED = "answered"
    """Spoke HTTP; `error` is what its health check complains of."""
    FAILED = "failed"
    """Did not answer in time, or broke off."""
    CLOSED = "closed"
    """Took the connection and closed it without a word."""
    FOREIGN = "foreign"
    """Answered something that is not HTTP."""
    REFUSED = "refused"
    """The file exists, nothing listens."""
    MISSING = "missing"
    """The file is gone, or cannot be seen."""
    DENIED = "denied"
    """The scanner may not connect: its own lack of permission, and no fault of the socket."""
    UNSEEN = "unseen"
    """Nothing was learned: the scanner lacks resources; that is no fault of the socket."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a service's documents say of it, already cleaned; see `model.Record` for each field."""

    title: str = ""
    description: str = ""
    version: str = ""
    protocol: str = ""
    methods: tuple[str, ...] = ()
    methods_count: int = 0
    source: str = ""
    source_kind: str = "none"


@dataclass(frozen=True, slots=True)
class Spec:
    """Outcome of asking for the documents: none offered (`facts` None), good, or bad (`error`)."""

    facts: Facts | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """The outcome of one probe of one socket.

    Errors are fixed texts without figures, so that the same trouble reads the same each time.
    `checked` is whether the socket offers a health check; `spec` is None where documents were not
    asked for; `latency_ms` is the time to the first answer.
    """

    kind: Kind
    error: str | None = None
    checked: bool = False
    spec: Spec | None = None
    latency_ms: float | None = None
