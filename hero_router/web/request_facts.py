"""Reads a request's client address, scheme and port, once for each request."""

from aiohttp import web

from hero_router.access.forwarded import ForwardedFacts, forwarded
from hero_router.settings.trusted_proxies import TrustedProxies

FACTS = web.RequestKey("facts", ForwardedFacts)
"""Where a request comes from (`access.forwarded`)."""


def facts_of(request: web.BaseRequest, proxies: TrustedProxies) -> ForwardedFacts:
    """Where a request comes from; read from its header fields at the first call."""
    try:
        return request[FACTS]
    except KeyError:
        facts = request[FACTS] = forwarded(request, proxies)
        return facts


def local_port(request: web.BaseRequest) -> int | None:
    """The port that the client has connected to; None on a Unix socket."""
    address = request.get_extra_info("sockname")
    return address[1] if isinstance(address, tuple) else None
