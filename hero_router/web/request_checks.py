"""Checks Host, Origin, version and method of each request, and limits times, before any route.

aiohttp does not check these. Input that is not HTTP gets an error answer of the router's own.

This module uses private parts of aiohttp: `Server.__call__` and `_kwargs`,
`AppRunner._make_server`, and `_request_count`, `_waiter` and `_message_tail` of `RequestHandler`.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from hero_router.access.fetch_metadata import check_fetch
from hero_router.errors import RouterError
from hero_router.metrics.http_requests import RequestCounts
from hero_router.proxy.exchange import Exchange
from hero_router.settings.hosts import AllowedHosts
from hero_router.settings.proxies import TrustedProxies
from hero_router.web.body import EXPECT
from hero_router.web.errors import REQUEST_ID, OwnResponse, error_page, error_response, raw_error
from hero_router.web.parse_errors import FIELD_BYTES, parser_message, parser_refusal
from hero_router.web.request_facts import facts_of
from hero_router.web.request_line import UNSUPPORTED, check_line, target_authority
from hero_router.web.reverse_proxy import ReverseProxy
from hero_router.web.route_groups import HEADERS, dress
from hero_router.web.separate_requests import SeparateRequests
from hero_router.web.slow_connections import HeadTimeouts, ResponseTimeouts

log = logging.getLogger(__name__)

LINGER_SECONDS = 2.0
"""How long an unwanted body is read and ignored, so that its sender can read the answer."""

READ_BYTES = 16 * 1024
"""How many bytes of a body aiohttp buffers, about, if it is read more slowly than it arrives."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:=+@-]{1,128}")


class Runner(web.AppRunner):
    """An aiohttp runner whose requests and connections pass the checks of this module.

    The head of a request may take `head` seconds. The connection of a client that takes no byte of
    its response for `stall` seconds is closed. `protocol` makes the `HttpProtocol` of a connection.
    """

    def __init__(
        self,
        app: web.Application,
        hosts: AllowedHosts,
        proxies: TrustedProxies,
        requests: RequestCounts,
        proxy: ReverseProxy,
        *,
        head: float,
        stall: float,
        protocol: "Callable[..., HttpProtocol] | None" = None,
        **options: Any,
    ) -> None:
        super().__init__(
            app,
            access_log=None,
            auto_decompress=False,
            max_field_size=FIELD_BYTES,
            read_bufsize=READ_BYTES,
            lingering_time=LINGER_SECONDS,
            **options,
        )
        self._given = hosts, proxies, requests, proxy
        self._head, self._stall, self._protocol = head, stall, protocol or HttpProtocol

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return HttpServer(made, *self._given, self._head, self._stall, self._protocol)


class HttpServer(web.Server):
    """Makes the `HttpProtocol` of each connection, and checks each request."""

    def __init__(
        self,
        inner: web.Server,
        hosts: AllowedHosts,
        proxies: TrustedProxies,
        requests: RequestCounts,
        proxy: ReverseProxy,
        head: float,
        stall: float,
        protocol: "Callable[..., HttpProtocol]",
    ) -> None:
        super().__init__(
            self._check_and_handle,
            request_factory=self._make_request,
            handler_cancellation=inner.handler_cancellation,
            **inner._kwargs,  # noqa: SLF001 - see above
        )
        self._proxy, self._protocol = proxy, protocol
        self._inner, self._hosts, self._proxies, self._requests = inner, hosts, proxies, requests
        self.heads, self.responses = (
            HeadTimeouts(self._loop, head),
            ResponseTimeouts(self._loop, stall),
        )

    def __call__(self) -> web.RequestHandler:
        """The asyncio protocol of a new connection."""
        return self._protocol(self, loop=self._loop, **self._kwargs)

    def _make_request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        """Make a request object, with notes for the checks.

        aiohttp alone would answer in any HTTP version, and send `100 Continue` before any check.
        """
        known = message.version in (HttpVersion10, HttpVersion11)
        if not known:
            message = message._replace(version=HttpVersion11, should_close=True)
        expected = ""
        if "Expect" in message.headers:
            fields = message.headers.copy()
            expected = ",".join(fields.popall("Expect"))
            message = message._replace(headers=type(message.headers)(fields))
        request = self._inner.request_factory(message, payload, protocol, writer, task)
        request[REQUEST_ID] = self._request_id(request)
        request[UNSUPPORTED] = not known
        request[EXPECT] = expected if message.version == HttpVersion11 else ""
        return request

    def _request_id(self, request: web.BaseRequest) -> str:
        """The `X-Request-Id` that a trusted caller gave the request; else a new id."""
        given = request.headers.get("X-Request-Id", "")
        if _REQUEST_ID.fullmatch(given) and facts_of(request, self._proxies).is_believed:
            return given
        return secrets.token_hex(8)

    async def _check_and_handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            check_line(request)
            fields = request.headers
            origin = ", ".join(fields.getall("Origin", [])) if "Origin" in fields else None
            self._hosts.check(fields.get("Host"), target_authority(request), origin)
        except (RouterError, web.HTTPException) as refusal:
            return self.refused(request, refusal)
        try:
            found = self._proxy.route(request)
            if found is None or not found.host:
                check_fetch(request.headers, request.method, is_service=found is not None)
            if found is None:
                return await self._inner.request_handler(request)
            response = await self._proxy.answer(request, found)
        except (RouterError, web.HTTPException, ConnectionResetError) as error:
            response = error_page(request, error)
        if isinstance(response, OwnResponse):
            dress(response, HEADERS, request[REQUEST_ID])
        self._requests.count(request.method, response.status)
        return response

    def refused(self, request: web.BaseRequest, error: BaseException) -> web.Response:
        """The error answer to a request that does not reach the application.

        The connection is closed after it.
        """
        response = error_response(request, error)
        dress(response, HEADERS, request.get(REQUEST_ID, ""))
        response.force_close()
        self._requests.count(request.method, response.status)
        return response


class HttpProtocol(SeparateRequests):
    """One connection, until it is closed or becomes a stream (`web.stream_connection`)."""

    __slots__ = ("_begun", "_server", "relay")

    def __init__(self, door: HttpServer, **options: Any) -> None:
        super().__init__(door, **options)
        self._server, self._begun = door, False
        self.relay: Exchange | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected: start the time limit of its first request head."""
        super().connection_made(transport)
        self._server.heads.start(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is closed, or becomes a stream: stop its time limits."""
        super().connection_lost(exc)
        self._server.heads.stop(self)
        self._server.responses.stop(self)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes; a request head has a time limit from its first byte on.

        A body has its own limits (`web.body`).
        """
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self._begun = False
            self._server.heads.stop(self)
        elif data and (not before or self._waiter is not None):
            self._begun = True
            self._server.heads.start(self)
        if len(self._message_tail) > READ_BYTES and self.transport is not None:
            self.transport.pause_reading()  # the client goes on before its upgrade is accepted

    def release(self) -> bytes:
        """Leave the transport to another protocol; what the client sent after its last request."""
        tail, self._message_tail = self._message_tail, b""
        self.transport = None
        self.connection_lost(None)
        return tail

    def pause_writing(self) -> None:
        """The client takes its response too slowly: start the time limit of the response."""
        super().pause_writing()
        self._server.responses.start(self)

    def resume_writing(self) -> None:
        """The client takes its response again: stop the time limit of the response."""
        super().resume_writing()
        self._server.responses.stop(self)
        if self.relay is not None:
            self.relay.resume()

    def give_up(self) -> None:
        """Close a connection whose request head is late; answer 408 if a part of it has arrived."""
        if self._begun and self.transport is not None:
            self.transport.write(raw_error(web.HTTPRequestTimeout(), HEADERS))
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's text repeats what was sent
    ) -> web.StreamResponse:
        """Make our own error answer if input is not HTTP or a request fails outside a handler."""
        error: BaseException = exc or RuntimeError(f"aiohttp gives up with {status}")
        if isinstance(error, HttpProcessingError):
            log.info(
                "a client sent a request that is not valid HTTP, so it was refused: %s",
                parser_message(error),
            )
            error = parser_refusal(error)
        if request.writer.output_size > 0:
            raise ConnectionError("a response has begun: no error can be sent")
        return self._server.refused(request, error)

    def log_exception(self, *words: Any, **details: Any) -> None:
        """Log a malformed body as the client's mistake; leave all other errors to aiohttp."""
        if isinstance(details.get("exc_info"), HttpProcessingError | web.RequestPayloadError):
            log.info("a client sent a body that is not valid HTTP, so its request was refused")
        else:
            super().log_exception(*words, **details)
