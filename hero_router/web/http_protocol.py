"""The protocol of one client's connection: time limits, and requests passed on without a task.

This module uses private parts of aiohttp's `RequestHandler`: its queue of requests and what its
`start` does around each (`_messages`, `_waiter`, `_parser`, `_request_count`, `_message_tail`,
`_request_in_progress`, `_handler_waiter`, `_drain_helper`, the keep-alive timer).
"""

import asyncio
import logging
from typing import Any, Protocol, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD

from hero_router.errors import RouterError
from hero_router.proxy.answer_relay import Exchange
from hero_router.web.errors import raw_error
from hero_router.web.fast_path_forwarder import FastPathForwarder, OnEnd
from hero_router.web.forwarder_base import SAFE, ForwardedResponse
from hero_router.web.http_parser_reset import HttpParserReset
from hero_router.web.parse_errors import parser_message, parser_refusal
from hero_router.web.remembered_fields import RememberedFields
from hero_router.web.route_groups import HEADERS
from hero_router.web.slow_connections import HeadTimeouts, ResponseTimeouts

log = logging.getLogger(__name__)

READ_BYTES = 16 * 1024
"""How many bytes of a body aiohttp buffers, about, if it is read more slowly than it arrives."""


class Server(Protocol):
    """What a connection asks of its server (`web.request_checks.HttpServer`)."""

    heads: HeadTimeouts
    responses: ResponseTimeouts
    requests_count: int

    def make_request(
        self, message: RawRequestMessage, protocol: web.RequestHandler
    ) -> web.BaseRequest:
        """The request object of a request without a body."""

    def pass_at_once(self, request: web.BaseRequest, on_end: OnEnd) -> FastPathForwarder | None:
        """Check a request; pass it on if it is for a service and that needs no waiting."""

    def fails(self, request: web.BaseRequest, error: RouterError) -> None:
        """A request that was passed on gets this error for an answer."""

    def passed(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """A request was passed on, and its answer back."""

    def refused(self, request: web.BaseRequest, error: BaseException) -> web.Response:
        """The answer to a request that does not reach the application."""


class HttpProtocol(HttpParserReset):
    """One connection, until it is closed or becomes a stream (`web.stream_connection`).

    A request that can be passed on at once does not wake aiohttp's task (`start`): it stays the
    first of `_messages` until its answer has ended. All others are the task's. The next request
    waits while too much is buffered for the client.
    """

    __slots__ = ("_begun", "_direct", "_prepared", "_server", "relay", "remembered")

    def __init__(self, server: web.Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._server, self._begun = cast("Server", server), False
        self.relay: Exchange | None = None
        self.remembered: RememberedFields | None = None
        self._direct: FastPathForwarder | None = None
        self._prepared: web.BaseRequest | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected: start the time limit of its first request head."""
        super().connection_made(transport)
        self._server.heads.start(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is closed, or becomes a stream: stop its time limits."""
        super().connection_lost(exc)
        direct, self._direct = self._direct, None
        if direct is not None and self._prepared is not None:
            direct.cancel()
            self.ended(self._prepared, None)
        self._prepared = None
        self._server.heads.stop(self)
        self._server.responses.stop(self)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes; a request head has a time limit from its first byte on.

        A body has its own limits (`web.body`).
        """
        before, waiter = self._request_count, self._waiter
        self._waiter = None  # so that aiohttp does not wake its task
        try:
            super().data_received(data)
        finally:
            self._waiter = waiter
        if self._request_count != before:
            self._begun = False
            self._server.heads.stop(self)
            self._advance()
        elif self._close or self._force_close:
            self._advance()
        elif data and (not before or waiter is not None) and not self._messages:
            self._begun = True
            self._server.heads.start(self)
        if len(self._message_tail) > READ_BYTES and self.transport is not None:
            self.transport.pause_reading()  # the client goes on before its upgrade is accepted

    def _advance(self) -> None:
        """Pass the next request on, or wake aiohttp's task for it."""
        waiter = self._waiter
        if self._direct is not None or waiter is None or waiter.done():
            return
        if self._messages and not self._force_close:
            if self.writing_paused and not self._close:
                return  # `resume_writing` goes on
            if self._close or not self._pass_on():
                waiter.set_result(None)
        elif self._close or self._force_close:
            waiter.cancel()

    def _pass_on(self) -> bool:
        """Pass the next request on; False if aiohttp's task has to do it."""
        message, payload = self._messages[0]
        if payload is not EMPTY_PAYLOAD or not isinstance(message, RawRequestMessage):
            return False
        if message.upgrade or message.method not in SAFE:
            return False
        request = self._prepared = self._server.make_request(message, self)
        self.began(request)
        self._direct = self._server.pass_at_once(request, self._passed)
        self._request_in_progress = self._direct is not None
        return self._request_in_progress

    def _passed(self, outcome: ForwardedResponse | RouterError | None) -> None:
        """The request that was passed on has ended, or aiohttp's task has to go on with it."""
        request, self._direct = self._prepared, None
        if request is None or self._parser is None:
            return
        if not isinstance(outcome, ForwardedResponse):
            if outcome is not None:
                self._server.fails(request, outcome)
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(None)
            return
        self._prepared = None
        self._request_in_progress = False
        self._server.requests_count += 1
        self._server.passed(request, outcome)
        self.ended(request, outcome)
        self._messages.popleft()
        self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        if self._handler_waiter is not None:
            self._handler_waiter.set_result(None)
        if not outcome.keep_alive or self._close:
            self.force_close()
        else:
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
            self._advance()

    def take_prepared(self) -> web.BaseRequest | None:
        """The request object that was made already for the first of the waiting requests."""
        request, self._prepared = self._prepared, None
        return request

    def began(self, request: web.BaseRequest) -> None:
        """The handling of a request begins, before aiohttp starts its handler."""

    def ended(self, request: web.BaseRequest, response: web.StreamResponse | None) -> None:
        """Such a request has ended; without an answer the client has left."""

    def close(self) -> None:
        """Close the connection once the request under way is answered."""
        if self._direct is None:
            super().close()
        else:
            self._close = True

    def _process_keepalive(self) -> None:
        if self._messages:
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        super()._process_keepalive()

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
        self._advance()

    async def drain(self) -> None:
        """Wait while too much is buffered for the client. Raises ConnectionError if it leaves."""
        if self.writing_paused:
            await self._drain_helper()

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
