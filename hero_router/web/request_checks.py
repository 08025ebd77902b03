"""Checks Host, Origin, version and method of each request, and limits times, before any route.

aiohttp does not check these. Input that is not HTTP gets an error answer of the router's own.

This module uses private parts of aiohttp: `Server.__call__` and `_kwargs`,
`AppRunner._make_server`, and `_payload_writer` and `_task` of `BaseRequest`.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any, cast

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from hero_router.access.fetch_metadata import check_fetch
from hero_router.access.forwarded import forwarded
from hero_router.access.hop_token import HopRefused
from hero_router.errors import RouterError
from hero_router.metrics.http_request_counts import RequestCounts
from hero_router.random_hex import RandomHex
from hero_router.settings.host_and_origin_check import AllowedHosts
from hero_router.settings.trusted_proxies import TrustedProxies
from hero_router.web import router_to_router_requests
from hero_router.web.body import EXPECT
from hero_router.web.errors import REQUEST_ID, OwnResponse, error_page, error_response
from hero_router.web.fast_path_forwarder import FastPathForwarder, OnEnd
from hero_router.web.http_protocol import READ_BYTES, HttpProtocol
from hero_router.web.parse_errors import FIELD_BYTES
from hero_router.web.remembered_fields import RememberedFields, remembered_of
from hero_router.web.request_check_result import DECIDED, OWN, RequestCheckResult, decide_hop
from hero_router.web.request_facts import FACTS, facts_of
from hero_router.web.request_syntax_check import UNSUPPORTED, check_line, target_authority
from hero_router.web.reverse_proxy import Admitted, ReverseProxy
from hero_router.web.route_groups import HEADERS, dress
from hero_router.web.slow_connections import HeadTimeouts, ResponseTimeouts

LINGER_SECONDS = 2.0
"""How long an unwanted body is read and ignored, so that its sender can read the answer."""

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
        self._proxy, self._protocol, self._random_hex = proxy, protocol, RandomHex()
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
        """The request object for aiohttp's task, which may be made already."""
        prepared = protocol.take_prepared() if isinstance(protocol, HttpProtocol) else None
        if prepared is None:
            return self._noted(message, payload, protocol, writer, task)
        prepared._payload_writer, prepared._task = writer, task  # noqa: SLF001 - see above
        return prepared

    def make_request(
        self, message: RawRequestMessage, protocol: web.RequestHandler
    ) -> web.BaseRequest:
        """The request object of a request without a body, before aiohttp's task gets it."""
        # The task adds a writer and itself in `_make_request`.
        return self._noted(message, EMPTY_PAYLOAD, protocol, cast("Any", None), cast("Any", None))

    def _noted(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        """Make a request object, with notes for the checks.

        aiohttp alone would answer in any HTTP version, and send `100 Continue` before any check.
        A request of another node's router becomes the client's request.
        """
        message, hop = self._proxy.hops.read(message)
        known = message.version in (HttpVersion10, HttpVersion11)
        if not known:
            message = message._replace(version=HttpVersion11, should_close=True)
        expected = ""
        if "Expect" in message.headers:
            fields = message.headers.copy()
            expected = ",".join(fields.popall("Expect"))
            message = message._replace(headers=type(message.headers)(fields))
        request = self._inner.request_factory(message, payload, protocol, writer, task)
        if isinstance(protocol, HttpProtocol) and hop is None:
            remembered = protocol.remembered
            if remembered is None or remembered.given != message.raw_headers:
                facts = forwarded(request, self._proxies)
                remembered = RememberedFields(message.raw_headers, facts)
                protocol.remembered = remembered
            else:
                remembered.given = message.raw_headers
            request[FACTS] = remembered.facts
        request[REQUEST_ID] = self._request_id(request)
        request[UNSUPPORTED] = not known
        request[EXPECT] = expected if message.version == HttpVersion11 else ""
        if hop is not None:
            router_to_router_requests.note(request, hop)
            request[DECIDED] = decide_hop(request, hop)
        return request

    def _request_id(self, request: web.BaseRequest) -> str:
        """The `X-Request-Id` that a trusted caller gave the request; else a new id."""
        facts = facts_of(request, self._proxies)
        given = request.headers.get("X-Request-Id")
        if given is not None and facts.is_believed and _REQUEST_ID.fullmatch(given):
            return given
        return self._random_hex(8)

    def _checked_host(self, request: web.BaseRequest) -> str:
        """Check all but where a request goes; the host that it asks, "" without one.

        Raises RouterError, HTTPException. Only what depends on fields, method and version alone is
        remembered.
        """
        path, passed = request.raw_path, (request.method, request.version)
        is_usual = path.startswith("/") and "#" not in path and not request[UNSUPPORTED]
        remembered = remembered_of(request) if is_usual else None
        if remembered is not None and remembered.checked == passed:
            return remembered.host
        check_line(request)
        fields = request.headers
        origin = ", ".join(fields.getall("Origin", [])) if "Origin" in fields else None
        asked = self._hosts.check(fields.get("Host"), target_authority(request), origin)
        host = asked.host if asked else ""
        if remembered is not None:
            remembered.checked, remembered.host = passed, host
        return host

    def _decide(self, request: web.BaseRequest) -> RequestCheckResult:
        """Check a request, and find out where it may go."""
        try:
            host = self._checked_host(request)
        except (RouterError, web.HTTPException) as refusal:
            return RequestCheckResult(refusal=refusal)
        try:
            found = self._proxy.route(request, host)
            if found is None or not found.host:
                check_fetch(request.headers, request.method, is_service=found is not None)
            if found is None:
                return OWN
            return RequestCheckResult(found, None, self._proxy.admit(request, found))
        except Exception as error:  # noqa: BLE001 - raised again where it is answered
            return RequestCheckResult(error=error)

    def pass_at_once(self, request: web.BaseRequest, on_end: OnEnd) -> FastPathForwarder | None:
        """Check a request; pass it on if it is for a service and that needs no waiting."""
        if remembered_of(request) is None:
            return None  # it comes from another node's router
        decision = request[DECIDED] = self._decide(request)
        if not isinstance(decision.admitted, Admitted) or request[EXPECT]:
            return None
        return self._proxy.pass_at_once(request, decision.admitted, on_end)

    def fails(self, request: web.BaseRequest, error: RouterError) -> None:
        """A request that was passed on gets this error for an answer."""
        request[DECIDED] = RequestCheckResult(error=error)

    def passed(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """A request was passed on, and its answer back."""
        self._requests.count(request.method, response.status)

    async def _check_and_handle(self, request: web.BaseRequest) -> web.StreamResponse:
        decision = request.get(DECIDED) or self._decide(request)
        if decision.refusal is not None:
            return self.refused(request, decision.refusal)
        try:
            response = await self._of_service(request, decision)
        except (RouterError, web.HTTPException, ConnectionResetError) as error:
            self._log_hop(request, error)
            response = error_page(request, error)
        if response is None:
            return await self._inner.request_handler(request)
        if isinstance(response, OwnResponse):
            dress(response, HEADERS, request[REQUEST_ID])
            router_to_router_requests.mark(request, response)
        self._requests.count(request.method, response.status)
        return response

    async def _of_service(
        self, request: web.BaseRequest, decision: RequestCheckResult
    ) -> web.StreamResponse | None:
        """The answer of a service; None if the router itself is asked."""
        if decision.error is not None:
            raise decision.error
        if decision.hop is not None:
            return await self._proxy.answer_hop(request, decision.hop)
        if decision.route is None:
            return None
        return await self._proxy.answer(request, decision.route, decision.admitted)

    def _log_hop(self, request: web.BaseRequest, error: BaseException) -> None:
        if isinstance(error, HopRefused):
            self._proxy.hops.log_refusal(request, error)

    def refused(self, request: web.BaseRequest, error: BaseException) -> web.Response:
        """The error answer to a request that does not reach the application.

        The connection is closed after it.
        """
        self._log_hop(request, error)
        response = error_response(request, error)
        dress(response, HEADERS, request.get(REQUEST_ID, ""))
        response.force_close()
        self._requests.count(request.method, response.status)
        return response
