"""Middleware of every request: gives it an id and a principal, and answers errors as JSON."""

import logging
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from hero_router.access.principal import Principal
from hero_router.metrics.http_requests import RequestCounts
from hero_router.settings.proxies import TrustedProxies
from hero_router.web.errors import REQUEST_ID, OwnResponse, error_response
from hero_router.web.request_facts import facts_of
from hero_router.web.route_groups import OWN, dress, group_of

log = logging.getLogger(__name__)

Signal = Callable[[web.Request, web.StreamResponse], Awaitable[None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PRINCIPAL = web.RequestKey("principal", Principal)
"""The caller of a request."""


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, call its handler, and answer errors as JSON."""
    if REQUEST_ID not in request:  # `protocol` names those that come through it
        request[REQUEST_ID] = secrets.token_hex(8)
    try:
        if group := group_of(request):
            group.check_fields(request.headers)
        return await handler(request)
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        return error_response(request, refusal)
    except ConnectionResetError as error:
        if request.transport is not None and not request.transport.is_closing():
            return error_response(request, error)
        log.debug("a client of %s left before its answer", request.path)
        return web.Response()  # nobody reads it: aiohttp gives it up in silence
    except Exception as error:  # noqa: BLE001 - the edge: logged in full, answered in general words
        return error_response(request, error)


def identify(proxies: TrustedProxies) -> Middleware:
    """A middleware that makes the `Principal` (the caller) of each request."""

    @web.middleware
    async def identified(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[PRINCIPAL] = principal_of(request, proxies)
        return await handler(request)

    return identified


def principal_of(request: web.BaseRequest, proxies: TrustedProxies) -> Principal:
    """The caller of a request."""
    return Principal(address=facts_of(request, proxies).client)


def counting(requests: RequestCounts) -> Signal:
    """A handler for `on_response_prepare` that counts each request by method and status."""

    async def count(request: web.Request, response: web.StreamResponse) -> None:
        requests.count(request.method, response.status)

    return count


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the request id and the headers of its group to a response (`on_response_prepare`)."""
    group = OWN if isinstance(response, OwnResponse) else group_of(request)
    dress(response, group, request.get(REQUEST_ID, ""))
