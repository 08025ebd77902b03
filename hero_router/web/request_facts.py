"""Keeps what is known of a request's sender with the request, so that it is read only once."""

from aiohttp import web

from hero_router.access.forwarded import ForwardedFacts, forwarded
from hero_router.settings.proxies import TrustedProxies

FACTS = web.RequestKey("facts", ForwardedFacts)
"""Where a request comes from (`access.forwarded`)."""


def facts_of(request: web.BaseRequest, proxies: TrustedProxies) -> ForwardedFacts:
    """Where a request comes from; read from its header fields at the first call."""
    if FACTS not in request:
        request[FACTS] = forwarded(request, proxies)
    return request[FACTS]


def local_port(request: web.BaseRequest) -> int | None:
    """The port that the client has connected to; None on a Unix socket."""
    address = request.get_extra_info("sockname")
    return address[1] if isinstance(address, tuple) else None
