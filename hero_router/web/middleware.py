"""What holds for every answer: a request id, the security headers, and errors as JSON."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from hero_router.web.errors import REQUEST_ID, error_response

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
        "connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

FIELD_BYTES = 8 * 1024
"""Longest header field but for a stream's position: an EventSource whose position was refused would
give up for ever, so that one is answered in the stream."""


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the request, run it, and let no error leave without its JSON form."""
    if REQUEST_ID not in request:  # the door has named it already
        request[REQUEST_ID] = secrets.token_hex(8)
    try:
        _check_fields(request)
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
    except Exception as error:  # noqa: BLE001 - the edge: logged in full, told in general words
        return error_response(request, error)


def _check_fields(request: web.Request) -> None:
    for name, value in request.headers.items():
        if len(value) > FIELD_BYTES and name.lower() != "last-event-id":
            raise web.HTTPRequestHeaderFieldsTooLarge


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Runs right before any response's head is sent (`on_response_prepare`)."""
    dress(request, response)


def dress(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Give a response the fields that each has."""
    response.headers.update(SECURITY_HEADERS)
    response.headers["X-Request-Id"] = request.get(REQUEST_ID, "")
    response.headers.popall("Server", None)
