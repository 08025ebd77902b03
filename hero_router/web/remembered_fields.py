"""Caches what was computed from the header fields of a connection's last request.

Most programs, and pages that poll, repeat their fields in each request on a connection. Only what
depends on nothing else is remembered, and only for fields that are equal byte by byte.
"""

from typing import NamedTuple

from aiohttp import web

from hero_router.access.forwarded import ForwardedFacts
from hero_router.proxy.headers import Fields


class SentFields(NamedTuple):
    """The lines that a service got, and the prefix of its address."""

    prefix: str
    host: str
    lines: bytes


class RememberedFields:
    """The fields of one request, and what they say.

    `facts` say where the request comes from. `sent` is what became of the fields on their way to a
    service, None if they went to none. `checked` are the method and version with which these fields
    passed the checks of a target that is a path, and `host` is the host that they ask.
    """

    __slots__ = ("checked", "facts", "given", "host", "sent")

    def __init__(self, given: Fields, facts: ForwardedFacts) -> None:
        self.given, self.facts = given, facts
        self.sent: SentFields | None = None
        self.checked: tuple[str, tuple[int, int]] | None = None
        self.host = ""


def remembered_of(request: web.BaseRequest) -> RememberedFields | None:
    """The cached results for a request's fields; None if they may not be cached."""
    found: RememberedFields | None = getattr(request.protocol, "remembered", None)
    return found if found is not None and found.given is request.raw_headers else None
