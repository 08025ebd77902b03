"""The result of one probe of one socket: plain values that `prober` makes and `status` judges."""

from dataclasses import dataclass
from enum import StrEnum

from hero_router.model import Facts
from hero_router.upstream.outcome import Outcome


class Health(StrEnum):
    """What the answer to `GET /health` says; `scan.health` decides."""

    NONE = "none"
    """No health check: a redirect, 501, any other 4xx than a login, or no answer."""
    GOOD = "good"
    """2xx that says nothing bad."""
    WARN = "warn"
    """The service works, but not all of it is well."""
    BAD = "bad"
    """5xx, or a body that says that it is down: counts as a failure, as no answer does."""
    LOGIN = "login"
    """401, 403 or 407: the service answers, but its health needs a login."""
    PAGE = "page"
    """HTML, as of a server that answers every path with a page: no health check."""


@dataclass(frozen=True, slots=True)
class Documents:
    """The outcome of asking for the documents: none offered (`facts` None), good, or bad (`error`).

    `late`: they did not come in time.
    """

    facts: Facts | None = None
    error: str | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """An OpenRPC document as one line of JSON, and the digest of its content."""

    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The outcome of one probe of one socket.

    `error` is a fixed text without numbers that vary, so that the same trouble reads the same each
    time. `documents` is None where none were asked for. `latency_ms` is the time to the first
    answer. `document` is the OpenRPC document itself, where a good one was read.
    """

    outcome: Outcome
    error: str | None = None
    health: Health = Health.NONE
    documents: Documents | None = None
    latency_ms: float | None = None
    document: Document | None = None
