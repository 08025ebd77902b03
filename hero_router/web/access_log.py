"""The access log: one line for each request that a worker answers or passes on to a service.

A line names no token, no code, no cookie and no `Authorization`. An event stream is logged when it
begins, and so is a tunnel. This module overrides `_handle_request`, a private part of aiohttp.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web

from hero_router.proxy.call_record import ProxiedCall
from hero_router.sanitize import MAX_NAME, clean
from hero_router.settings.logging_setup import ACCESS
from hero_router.settings.trusted_proxies import LOCAL
from hero_router.web.call_observer import CALL
from hero_router.web.errors import REQUEST_ID
from hero_router.web.http_protocol import HttpProtocol
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.shown_target import without_secrets

log = logging.getLogger(ACCESS)

CANCELLED = 499
"""The status in the log of a request that was cancelled before its answer began (as in nginx)."""

LONGEST_METHOD, LONGEST_TARGET, LONGEST_AGENT = 32, 2_000, 200
"""Maximum number of characters of a method, a target and a user agent in a log line."""

STARTED = web.RequestKey("started", float)
"""When the handling of a request began, by `time.perf_counter`."""


class LoggedProtocol(HttpProtocol):
    """A connection that logs each of its requests when the request has ended."""

    __slots__ = ()

    async def _handle_request(
        self,
        request: web.BaseRequest,
        start_time: float | None,
        request_handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    ) -> tuple[web.StreamResponse, bool]:
        request[STARTED] = time.perf_counter()
        try:
            return await super()._handle_request(request, start_time, request_handler)
        except asyncio.CancelledError:
            write(request, None)
            raise

    def began(self, request: web.BaseRequest) -> None:
        """Note when the handling of a request began."""
        request[STARTED] = time.perf_counter()

    def ended(self, request: web.BaseRequest, response: web.StreamResponse | None) -> None:
        """Log a request that was passed on without aiohttp's task."""
        write(request, response)

    def log_access(
        self,
        request: web.BaseRequest,
        response: web.StreamResponse,
        time: float | None,  # noqa: ARG002 - aiohttp's own; its loop's clock may be coarse
    ) -> None:
        """Log a request that was answered."""
        write(request, response)


def write(request: web.BaseRequest, response: web.StreamResponse | None) -> None:
    """Log one request; `response` is None if the request was cancelled, as when its client left."""
    call = request.get(CALL)
    done = "passed on" if call is not None else "answered"
    fields = {name: value for name, value in _fields(request, response, call) if value != ""}
    log.info("%s", done if response is not None else "cancelled", extra=fields)


def _fields(
    request: web.BaseRequest, response: web.StreamResponse | None, call: ProxiedCall | None
) -> Iterator[tuple[str, str | float]]:
    now, principal = time.perf_counter(), request.get(PRINCIPAL)
    yield "method", clean(request.method, LONGEST_METHOD)
    yield "target", clean(without_secrets(request.raw_path), LONGEST_TARGET)
    yield "host", clean(request.headers.get("Host", ""), MAX_NAME)
    yield "status", response.status if response is not None else _begun(call) or CANCELLED
    yield "bytes", call.sent_bytes if call and call.sent_bytes else _length(request, response)
    yield "seconds", round(now - request[STARTED], 6)
    yield "principal", clean(principal.name, MAX_NAME) if principal else ""
    yield "address", principal.address if principal else request.remote or LOCAL
    if call is not None:
        if call.first_byte_at:
            yield "first_byte_seconds", round(call.first_byte_at - request[STARTED], 6)
        yield "service", call.record["name"]
        yield "context", call.record["context"]
        yield "role", call.socket["role"]
        yield "node", call.record["node"]
        yield "cause", call.cause.value
        yield "trace_id", call.trace_id
    yield "peer", principal.peer if principal else ""
    yield "request_id", request.get(REQUEST_ID, "")
    yield "agent", clean(request.headers.get("User-Agent", ""), LONGEST_AGENT)


def _begun(call: ProxiedCall | None) -> int:
    """The status of an answer that has begun, else 0."""
    return call.status if call is not None and call.first_byte_at else 0


def _length(request: web.BaseRequest, response: web.StreamResponse | None) -> int:
    """The length of the body of an answer that is the router's own; 0 for a stream."""
    if response is None or request.method == "HEAD":
        return 0
    return response.content_length or 0
