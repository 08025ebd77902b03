"""What a probe can tell about one socket: plain values between `probe`, which asks, and `diff`."""

from dataclasses import dataclass
from enum import StrEnum

from hero_router.upstream.outcome import Outcome


class Health(StrEnum):
    """What came back for `GET /health`; `scan.health` decides."""

    NONE = "none"
    """No health check: another 4xx than a login, a redirect, 501, or nothing was answered."""
    GOOD = "good"
    """2xx that says nothing bad."""
    WARN = "warn"
    """It works, but not all is well."""
    BAD = "bad"
    """5xx, or a body that says so: a failure, as no answer is."""
    LOGIN = "login"
    """401 or 403: it is alive, but whether it is well cannot be asked."""
    PAGE = "page"
    """HTML, as of a page that answers every path: no health check, but somebody answers."""


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
    """Outcome of asking for the documents: none offered (`facts` None), good, or bad (`error`).

    `late`: they did not come in time.
    """

    facts: Facts | None = None
    error: str | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The outcome of one probe of one socket.

    Errors are fixed texts without figures, so that the same trouble reads the same each time.
    `spec` is None where documents were not asked for; `latency_ms` is the time to the first answer.
    """

    kind: Outcome
    error: str | None = None
    health: Health = Health.NONE
    spec: Spec | None = None
    latency_ms: float | None = None
