"""Refuses requests with an invalid request line or framing, before routing."""

import re

from aiohttp import HttpVersion11, web

from hero_router.errors import BadRequest
from hero_router.web.body import EXPECT

UNSUPPORTED = web.RequestKey("unsupported", bool)
"""Whether a request is of another version of HTTP than 1.0 and 1.1."""

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)


def check_line(request: web.BaseRequest) -> None:
    """Refuse a request with an invalid request line or framing.

    Raises:
        BadRequest, HTTPVersionNotSupported, HTTPNotImplemented, HTTPExpectationFailed,
        HTTPMethodNotAllowed: it is one of these.
    """
    if request[UNSUPPORTED]:
        raise web.HTTPVersionNotSupported
    if request.method in ("CONNECT", "TRACE"):
        raise web.HTTPNotImplemented
    if request[EXPECT].strip(" \t").lower() not in ("", "100-continue"):
        raise web.HTTPExpectationFailed
    if request.raw_path == "*":
        raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD", "POST"))
    if "#" in request.raw_path:
        raise BadRequest("a request target may not contain a fragment (#)")
    if (coding := request.headers.get("Transfer-Encoding")) is not None:
        _check_coding(request, coding)


def _check_coding(request: web.BaseRequest, coding: str) -> None:
    """Refuse a body that only the sender could take apart (RFC 9112, section 6.1)."""
    if request.version < HttpVersion11:
        raise BadRequest("a request of HTTP/1.0 may not have a Transfer-Encoding")
    if coding.strip(" \t").lower() != "chunked":
        raise web.HTTPNotImplemented


def host_of(request: web.BaseRequest) -> str:
    """The host that a request names; "" if it names none, as HTTP/1.0 may."""
    return request.headers.get("Host") or target_authority(request) or ""


def target_authority(request: web.BaseRequest) -> str | None:
    """The authority of a request target in absolute form, which aiohttp takes for the host."""
    if request.raw_path.startswith("/"):
        return None
    found = _ABSOLUTE.match(request.raw_path)
    return found[1] if found else None
