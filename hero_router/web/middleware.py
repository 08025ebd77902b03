"""Middleware of every request: gives it an id, checks access, answers errors as JSON."""

import logging
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from hero_router.access.principal import Principal
from hero_router.errors import Forbidden, Unauthorized
from hero_router.metrics.http_request_counts import RequestCounts
from hero_router.web.access_control import AccessControl
from hero_router.web.browser_sessions import is_navigation, redirect, sign_in_address
from hero_router.web.errors import REQUEST_ID, error_response
from hero_router.web.request_facts import FACTS
from hero_router.web.route_groups import HEADERS, dress, group_of

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
        group_of(request).check_fields(request.headers)
        return await handler(request)
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        return error_response(request, refusal)
    except ConnectionResetError as error:
        if request.transport is not None and not request.transport.is_closing():
            return error_response(request, error)
        log.debug("the client that requested %s disconnected before it was answered", request.path)
        return web.Response()  # nobody reads it: aiohttp gives it up in silence
    except Exception as error:  # noqa: BLE001 - the edge: logged in full, answered in general words
        return error_response(request, error)


def admitting(access_control: AccessControl) -> Middleware:
    """Make the middleware that finds out the caller, and refuses a request without access."""

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        group = group_of(request)
        try:
            request[PRINCIPAL] = access_control.admit(request, group.access)
        except Unauthorized:
            if not (group.is_page and access_control.rules.signs_in and is_navigation(request)):
                raise
            return redirect(sign_in_address(request.raw_path, request[FACTS].prefix))
        return await handler(request)

    return admit


def counting(requests: RequestCounts) -> Signal:
    """A handler for `on_response_prepare` that counts each request by method and status."""

    async def count(request: web.Request, response: web.StreamResponse) -> None:
        requests.count(request.method, response.status)

    return count


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the request id and the headers of its group to a response (`on_response_prepare`)."""
    try:
        headers = group_of(request).headers
    except Forbidden:
        headers = HEADERS
    dress(response, headers, request.get(REQUEST_ID, ""))
