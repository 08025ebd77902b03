"""The result of one probe of one socket: `prober` makes it, and `socket_status`
derives a status from it.
"""

from dataclasses import dataclass
from enum import StrEnum

from hero_router.model import Facts
from hero_router.upstream.outcome import Outcome


class Health(StrEnum):
    """The result of a health check; `scan.health_answer` derives it from `GET /health`."""

    NONE = "none"
    """The service has no health check: redirect, 501, 4xx (except login and 429), or no answer."""
    GOOD = "good"
    """The service is well: 2xx without a word of warning or failure."""
    WARN = "warn"
    """The service works, but its health check warns."""
    BAD = "bad"
    """The service is down: 5xx, or a body that says so. Counts as a failed probe."""
    LOGIN = "login"
    """The health check needs a login: 401, 403 or 407."""
    PAGE = "page"
    """The answer is an HTML page, so there is no health check."""


@dataclass(frozen=True, slots=True)
class Documents:
    """The outcome of asking a socket for its manifest and OpenRPC document.

    `facts` is None if the socket offers no document. `error` says why a document is bad. `late`:
    the documents did not arrive in time.
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
    """The result of one probe of one socket.

    `error` is a fixed text without varying numbers, so that equal errors have equal texts.
    `documents` is None if no documents were requested. `latency_ms` is the time to the answer of
    the health check. `document` is the OpenRPC document, if a good one was read.
    """

    outcome: Outcome
    error: str | None = None
    health: Health = Health.NONE
    documents: Documents | None = None
    latency_ms: float | None = None
    document: Document | None = None
