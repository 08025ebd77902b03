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
