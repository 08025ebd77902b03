"""Passes one request on to a service's socket, and its answer back to the client.

The answer does not go through aiohttp's response: `proxy.exchange` writes it to the transport.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

from aiohttp import web

from hero_router.access.principal import Principal
from hero_router.access.quotas import Slot
from hero_router.errors import BadGateway, BadRequest, GatewayTimeout, NoListener, RouterError
from hero_router.proxy.call import ProxiedCall
from hero_router.proxy.exchange import Exchange, Limits
from hero_router.proxy.headers import upgrade_of
from hero_router.proxy.socket_file import SocketLocator
from hero_router.proxy.table import Target
from hero_router.proxy.trace_context import trace_fields, trace_id
from hero_router.proxy.tunnel import Tunnels
from hero_router.upstream.connection import UpstreamConnection
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.pool import Pool
from hero_router.upstream.safe_connect import NoResponse
from hero_router.web.body import EXPECT
from hero_router.web.head_rules import HeadRules
from hero_router.web.request_facts import FACTS

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be sent twice (RFC 9110, section 9.2.1)."""

CONTINUE_SECONDS = 1.0
"""How long a service may think about `Expect: 100-continue` before the body is sent anyway."""


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Passes requests on; `rules` say how the heads of messages are rewritten."""

    locator: SocketLocator
    pool: Pool
    tunnels: Tunnels
    rules: HeadRules
    limits: Limits
    calls: "set[_Call]" = field(default_factory=set)

    async def forward(
        self,
        request: web.BaseRequest,
        target: Target,
        principal: Principal,
        seen: ProxiedCall,
        slot: Slot,
    ) -> web.StreamResponse:
        """Pass a request on and its answer back; `seen` is told what becomes of it.

        A tunnel keeps `slot` until its end.

        Raises:
            NoListener, BadGateway, GatewayTimeout: the service gives no answer.
            BadRequest, HTTPRequestTimeout: the client's body is malformed or late.
        """
        call = _Call(self, request, target, principal, seen, slot)
        self.calls.add(call)
        try:
            return await call.run()
        finally:
            self.calls.discard(call)

    def close_where(self, predicate: Callable[[Principal], bool]) -> None:
        """Break the calls and tunnels of the principals that match: their right is revoked."""
        for call in tuple(self.calls):
            if predicate(call.principal):
                call.abort()
        self.tunnels.close_where(predicate)

    def close(self) -> None:
        """Close tunnels and kept connections: the worker ends."""
        self.tunnels.close()
        self.pool.close()


class ForwardedResponse(web.StreamResponse):
    """An answer that was written already; tells aiohttp only what to do with the connection."""

    def __init__(self, status: int, *, keep_alive: bool) -> None:
        super().__init__(status=status)
        self._keep_alive = keep_alive

    async def prepare(self, _: web.BaseRequest) -> None:
        """Nothing is left to send."""

    async def write_eof(self, _: bytes = b"") -> None:
        """Nothing is left to send."""


class ClientProtocol(Protocol):
    """What a request's connection can do for the proxy (`web.request_checks.HttpProtocol`)."""

    relay: Exchange | None

    def release(self) -> bytes:
        """Leave the transport to another protocol; what the client has sent meanwhile."""


class _Call:
    """One request and its answer, on their way through the worker."""

    def __init__(
        self,
        forwarder: Forwarder,
        request: web.BaseRequest,
        target: Target,
        principal: Principal,
        seen: ProxiedCall,
        slot: Slot,
    ) -> None:
        self._forwarder, self._request, self._target = forwarder, request, target
        self.principal, self._seen, self._slot = principal, seen, slot
        self._upgrade = upgrade_of(request.raw_headers)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has left")
        self._client = transport
        self._protocol = cast("ClientProtocol", request.protocol)

    def abort(self) -> None:
        """Break the client's connection; the call to the service ends by that."""
        self._client.abort()

    async def run(self) -> web.StreamResponse:
        method = self._request.method
        has_body = self._request.body_exists
        head = self._head(has_body=has_body)
        can_retry = method in SAFE and not has_body
        while True:
            exchange = self._exchange()
            connection = await self._connection(reuse=can_retry)
            try:
                return await self._pass(connection, exchange, head, has_body=has_body)
            except NoResponse as failure:
                stale = connection.reused and failure.outcome is Outcome.CLOSED
                if not (can_retry and stale):
                    raise self._refusal(failure) from None
                can_retry = False

    async def _connection(self, *, reuse: bool) -> UpstreamConnection:
        forwarder, socket = self._forwarder, self._target.socket
        try:
            address = forwarder.locator.find(socket)
            if reuse and (kept := forwarder.pool.reuse(address)) is not None:
                return kept
            try:
                return await forwarder.pool.open(address)
            except NoResponse:
                forwarder.locator.forget(socket)
                now = forwarder.locator.find(socket)
                if now == address:
                    raise
                return await forwarder.pool.open(now)  # the service was bound anew meanwhile
        except NoResponse as failure:
            raise self._refusal(failure) from None
        except TimeoutError:
            raise GatewayTimeout("the service accepts no connection: its queue is full") from None

    async def _pass(
        self, connection: UpstreamConnection, exchange: Exchange, head: bytes, *, has_body: bool
    ) -> web.StreamResponse:
        exchange.start(connection)
        self._protocol.relay = exchange
        try:
            connection.send(
                self._request.method,
                head,
                exchange,
                has_body=has_body,
                upgrade=self._upgrade or b"",
            )
            if has_body:
                await self._send_body(connection, exchange)
            keep_alive = await exchange.done
        except ConnectionError:
            raise NoResponse(Outcome.CLOSED, "closes the connection without an answer") from None
        except BaseException:
            connection.abort()
            raise
        finally:
            exchange.stop()
            self._protocol.relay = None
        if exchange.tunnel is not None:
            self._open_tunnel(connection, exchange.tunnel)
        return ForwardedResponse(exchange.status, keep_alive=keep_alive)

    async def _send_body(self, connection: UpstreamConnection, exchange: Exchange) -> None:
        """Send the request's body as it arrives, until the service has answered."""
        request = self._request
        if request.get(EXPECT):
            exchange.continued = asyncio.get_running_loop().create_future()
            await asyncio.wait(
                (exchange.continued, exchange.done),
                timeout=CONTINUE_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if exchange.done.done():
                return
            if not exchange.continued.done():
                exchange.continued.set_result(None)
                self._client.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        chunked = request.headers.get("Content-Length") is None
        while data := await self._some_of_body(exchange):
            if exchange.done.done():
                return
            self._seen.received_bytes += len(data)
            await connection.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        connection.finish(b"0\r\n\r\n" if chunked else b"")

    async def _some_of_body(self, exchange: Exchange) -> bytes:
        """The next bytes of the request's body; b"" at its end.

        Raises:
            HTTPRequestTimeout: the client sends nothing for too long.
            BadRequest: the body is not framed as HTTP asks.
        """
        exchange.wait_for_client(waits=True)
        try:
            async with asyncio.timeout(self._forwarder.limits.silence):
                return await self._request.content.readany()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except web.RequestPayloadError:
            raise BadRequest("the body is not framed as HTTP wants it") from None
        finally:
            exchange.wait_for_client(waits=False)

    def _open_tunnel(self, connection: UpstreamConnection, sent_early: bytes) -> None:
        service = connection.release()
        if early := self._protocol.release():
            service.write(early)
        self._slot.is_kept = True
        self._forwarder.tunnels.join(
            self._client, service, sent_early, self.principal, self._slot.give_back
        )

    def _head(self, *, has_body: bool) -> bytes:
        request = self._request
        is_believed = request[FACTS].is_believed
        trace = trace_fields(request.raw_headers, trusted=is_believed, token_hex=secrets.token_hex)
        self._seen.trace_id = trace_id(trace)
        rules = self._forwarder.rules
        return rules.request_head(request, self._target, trace, has_body=has_body)

    def _exchange(self) -> Exchange:
        request = self._request
        version = request.version.major, request.version.minor
        return Exchange(
            self._client,
            version,
            request.method,
            self._forwarder.rules.rewriter(request, self._target),
            self._seen,
            keep_alive=request.keep_alive,
            limits=self._forwarder.limits,
        )

    def _refusal(self, failure: NoResponse) -> RouterError:
        self._seen.failed(failure)
        name = str(self._target.record.get("name"))
        if failure.outcome in (Outcome.REFUSED, Outcome.MISSING, Outcome.UNSEEN):
            return NoListener(f"the service {name} cannot be reached: {failure}")
        if failure.outcome is Outcome.LATE:
            return GatewayTimeout(f"the service {name} {failure}")
        return BadGateway(f"the service {name} gives no answer: {failure}")
