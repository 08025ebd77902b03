"""The front door of a worker: what aiohttp leaves open, closed before any route is looked up.

Each request is checked for the host and the origin that it names, for its version and method;
each connection for the time that it takes. What is not HTTP is answered in our words.

This is the one place that uses what aiohttp does not promise: `Server.__call__` and `_kwargs`,
`AppRunner._make_server`, and of `RequestHandler` `_request_count` and `_waiter`.
"""

import asyncio
import logging
import re
import secrets
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import (
    BadHttpMethod,
    BadStatusLine,
    HttpProcessingError,
    InvalidURLError,
    LineTooLong,
)
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader

from hero_router.errors import RouterError
from hero_router.metrics.http import RequestCounts
from hero_router.settings.hosts import Hosts
from hero_router.settings.proxies import LOCAL, TrustedProxies
from hero_router.web.body import EXPECTS
from hero_router.web.errors import REQUEST_ID, error_response, raw_error
from hero_router.web.groups import HEADERS, OWN, dress
from hero_router.web.timeouts import HeadTimeouts, ResponseTimeouts

log = logging.getLogger(__name__)

FIELD_BYTES = 16 * 1024
"""Longest header field that is read: a position is answered in the stream, however long it is, up
to here. A group of routes (`web.groups`) refuses other fields sooner."""

LINGER_SECONDS = 2.0
"""How long a body that nobody wants is read over, so that its sender sees the answer."""

READ_BYTES = 16 * 1024
"""What aiohttp holds of a body that is not read as fast as it comes, more or less."""

_UNSUPPORTED = web.RequestKey("unsupported", bool)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)


class Runner(web.AppRunner):
    """Sets an application up behind the door.

    A head may take `head` seconds; an answer of which no byte is taken for `stall` is given up.
    """

    def __init__(
        self,
        app: web.Application,
        hosts: Hosts,
        proxies: TrustedProxies,
        requests: RequestCounts,
        *,
        head: float,
        stall: float,
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
        self._given = hosts, proxies, requests
        self._head, self._stall = head, stall

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return HttpServer(made, *self._given, self._head, self._stall)


class HttpServer(web.Server):
    """Makes a `Visit` of each connection, and checks each request before the application."""

    def __init__(
        self,
        inner: web.Server,
        hosts: Hosts,
        proxies: TrustedProxies,
        requests: RequestCounts,
        head: float,
        stall: float,
    ) -> None:
        super().__init__(
            self._let_in,
            request_factory=self._make,
            handler_cancellation=inner.handler_cancellation,
            **inner._kwargs,  # noqa: SLF001 - see above
        )
        self._inner, self._hosts, self._proxies, self._requests = inner, hosts, proxies, requests
        self.heads, self.answers = (
            HeadTimeouts(self._loop, head),
            ResponseTimeouts(self._loop, stall),
        )

    def __call__(self) -> web.RequestHandler:
        """A connection's protocol."""
        return HttpProtocol(self, loop=self._loop, **self._kwargs)

    def _make(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        """A request. aiohttp would answer in any version that it was asked in, and tell who expects
        100 to go on before any check."""
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
        request[_UNSUPPORTED] = not known
        request[EXPECTS] = expected if message.version == HttpVersion11 else ""
        return request

    def _request_id(self, request: web.BaseRequest) -> str:
        """The caller's own name for the request where the caller is trusted, else a new one."""
        given = request.headers.get("X-Request-Id", "")
        if _REQUEST_ID.fullmatch(given) and self._proxies.trusts(request.remote or LOCAL):
            return given
        return secrets.token_hex(8)

    async def _let_in(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            _check_line(request)
            fields = request.headers
            origin = ", ".join(fields.getall("Origin", [])) if "Origin" in fields else None
            self._hosts.check(fields.get("Host"), _target(request), origin)
        except (RouterError, web.HTTPException) as refusal:
            return self.refused(request, refusal)
        return await self._inner.request_handler(request)

    def refused(self, request: web.BaseRequest, error: BaseException) -> web.Response:
        """The answer to a request that reaches no application; the connection then closes."""
        response = error_response(request, error)
        dress(response, OWN, request.get(REQUEST_ID, ""))
        response.force_close()
        self._requests.count(request.method, response.status)
        return response


class HttpProtocol(web.RequestHandler):
    """One connection until it is closed, or becomes a stream and is no longer aiohttp's."""

    __slots__ = ("_begun", "_door")

    def __init__(self, door: HttpServer, **options: Any) -> None:
        super().__init__(door, **options)
        self._door, self._begun = door, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._door.heads.begin(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """See asyncio.Protocol; also when the connection becomes a stream."""
        super().connection_lost(exc)
        self._door.heads.end(self)
        self._door.answers.end(self)

    def data_received(self, data: bytes) -> None:
        """Time a head from its first byte on; a body has its own time (`web.bodies`)."""
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self._begun = False
            self._door.heads.end(self)
        elif data and (not before or self._waiter is not None):
            self._begun = True
            self._door.heads.begin(self)

    def pause_writing(self) -> None:
        """See asyncio.Protocol: the client does not take its answer as fast as it is given."""
        super().pause_writing()
        self._door.answers.begin(self)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        super().resume_writing()
        self._door.answers.end(self)

    def give_up(self) -> None:
        """The head is late: say so, unless nothing was asked."""
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
        """Answer what is no HTTP, or what failed outside of any handler, in our words."""
        error: BaseException = exc or RuntimeError(f"aiohttp gives up with {status}")
        if isinstance(error, HttpProcessingError):
            log.info("refused a malformed request: %s", _kind(error))
            error = _refusal(error)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun: there is no room for another one")
        return self._door.refused(request, error)

    def log_exception(self, *words: Any, **details: Any) -> None:
        """A body that nobody wanted and that is malformed is its sender's fault, none of ours."""
        if isinstance(details.get("exc_info"), HttpProcessingError | web.RequestPayloadError):
            log.info("refused a malformed request: body")
        else:
            super().log_exception(*words, **details)


def _check_line(request: web.BaseRequest) -> None:
    """Refuse what no route could answer."""
    if request[_UNSUPPORTED]:
        raise web.HTTPVersionNotSupported
    if request.method in ("CONNECT", "TRACE"):
        raise web.HTTPNotImplemented
    if request[EXPECTS].strip().lower() not in ("", "100-continue"):
        raise web.HTTPExpectationFailed
    if request.raw_path == "*":
        raise web.HTTPMethodNotAllowed(request.method, ("GET", "HEAD", "POST"))


def _target(request: web.BaseRequest) -> str | None:
    """The authority of a target in absolute form, which aiohttp would take for the host."""
    found = _ABSOLUTE.match(request.raw_path)
    return found[1] if found else None


def _refusal(error: HttpProcessingError) -> web.HTTPException:
    """Which of our refusals tells best what the parser found."""
    words = error.message
    if isinstance(error, BadHttpMethod):
        return web.HTTPNotImplemented()
    if isinstance(error, LineTooLong):
        field = str(FIELD_BYTES) in words.partition("when reading")[0]
        return web.HTTPRequestHeaderFieldsTooLarge() if field else web.HTTPRequestURITooLong()
    if isinstance(error, BadStatusLine) and "Invalid HTTP version" in words:
        return web.HTTPVersionNotSupported()
    if words.startswith("Pause on PRI"):
        return web.HTTPVersionNotSupported()
    if words.startswith("Too many headers"):
        return web.HTTPRequestHeaderFieldsTooLarge()
    return web.HTTPBadRequest()


def _kind(error: HttpProcessingError) -> str:
    """The parser's own words, without what they repeat of the request."""
    if isinstance(error, InvalidURLError):
        return "Invalid URL"
    return error.message.partition(":")[0].partition("\n")[0]
