"""Forwards one request to a service's socket or to another node, and its answer, in a task.

The answer does not go through aiohttp's response: `proxy.answer_relay` writes it to the transport.
"""

import asyncio

from aiohttp import web

from hero_router.errors import BadRequest
from hero_router.proxy.answer_relay import Exchange
from hero_router.proxy.headers import upgrade_of
from hero_router.upstream.connection import UpstreamConnection
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.safe_connect import NoResponse
from hero_router.web.body import EXPECT
from hero_router.web.errors import http_error_info
from hero_router.web.forwarder_base import SAFE, SENT, Call, ForwardedResponse
from hero_router.web.next_hop import Upstream

CONTINUE_SECONDS = 1.0
"""How long to wait for an answer to `Expect: 100-continue` before the body is sent anyway."""


class RequestForwarder(Call):
    """One request of any kind. A tunnel keeps the slot until its end."""

    __slots__ = ("_done", "_patience")

    _done: asyncio.Future[None]
    _patience: asyncio.Timeout | None

    async def run(self) -> web.StreamResponse:
        """Pass the request on and its answer back.

        Raises:
            NoListener, BadGateway, GatewayTimeout: the service gives no answer.
            BadRequest, HTTPRequestTimeout: the client's body is malformed or late.
        """
        self._forwarder.calls.add(self)
        try:
            return await self._run()
        finally:
            self._forwarder.calls.discard(self)

    async def _run(self) -> web.StreamResponse:
        upstream = self._forwarder.upstream(self._request, self._target, self.principal, self._seen)
        has_body = self._request.body_exists
        may_repeat = self._request.method in SAFE and not has_body
        can_retry = may_repeat and SENT not in self._request
        while True:
            connection = await _connection(upstream, reuse=can_retry)
            try:
                return await self._pass(upstream, connection, has_body=has_body)
            except NoResponse as failure:
                stale = connection.reused and failure.outcome is Outcome.CLOSED
                if not (can_retry and stale):
                    raise upstream.refusal(failure) from None
                can_retry = False
            except BaseException:
                connection.abort()
                raise

    def _end(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(0)  # the rest of the body is not needed

    async def _pass(
        self, upstream: Upstream, connection: UpstreamConnection, *, has_body: bool
    ) -> web.StreamResponse:
        head = upstream.head(has_body=has_body)
        self._done, self._patience = asyncio.get_running_loop().create_future(), None
        exchange = self._exchange(upstream.exchange, self._end)
        exchange.start(connection)
        self._protocol.relay = exchange
        try:
            connection.send(
                self._request.method,
                head,
                exchange,
                has_body=has_body,
                upgrade=upgrade_of(self._request.raw_headers) or b"",
            )
            if has_body:
                await self._send_body(connection, exchange)
            await self._done
        except ConnectionError:
            raise NoResponse(Outcome.CLOSED, "closes the connection without an answer") from None
        except (BadRequest, web.HTTPRequestTimeout) as error:
            connection.abort()
            if not exchange.has_begun:
                raise
            exchange.cut_off(http_error_info(error).message)
        finally:
            exchange.stop()
            self._protocol.relay = None
        if exchange.error is not None:
            raise exchange.error
        if exchange.tunnel is not None:
            self._open_tunnel(connection, exchange.tunnel)
        return ForwardedResponse(exchange.status, keep_alive=exchange.keep_alive)

    async def _send_body(self, connection: UpstreamConnection, exchange: Exchange) -> None:
        """Send the request's body as it arrives, until the service has answered."""
        request = self._request
        if request.get(EXPECT):
            exchange.continued = asyncio.get_running_loop().create_future()
            await asyncio.wait(
                (exchange.continued, self._done),
                timeout=CONTINUE_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not exchange.continued.done():
                if self._done.done() or exchange.has_begun:
                    return
                exchange.continued.set_result(None)
                self._client.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        chunked = request.headers.get("Content-Length") is None
        while not self._done.done():
            data = await self._some_of_body(exchange)
            if self._done.done():
                return
            if not data:
                connection.finish(b"0\r\n\r\n" if chunked else b"")
                return
            self._seen.received_bytes += len(data)
            await connection.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)

    async def _some_of_body(self, exchange: Exchange) -> bytes:
        """The next bytes of the request's body; b"" at its end, or once the answer has ended.

        Raises:
            HTTPRequestTimeout: the client sends nothing for too long.
            BadRequest: the body is not framed as HTTP asks.
        """
        exchange.wait_for_client(waits=True)
        try:
            async with asyncio.timeout(self._forwarder.limits.silence) as self._patience:
                return await self._request.content.readany()
        except TimeoutError:
            if self._done.done():
                return b""
            raise web.HTTPRequestTimeout from None
        except web.RequestPayloadError:
            raise BadRequest("the framing of the request body is not valid HTTP") from None
        finally:
            self._patience = None
            exchange.wait_for_client(waits=False)

    def _open_tunnel(self, connection: UpstreamConnection, sent_early: bytes) -> None:
        service = connection.release()
        if early := self._protocol.release():
            service.write(early)
        self._slot.is_kept = True
        self._forwarder.tunnels.join(
            self._client, service, sent_early, self.owner, self._slot.give_back
        )


async def _connection(upstream: Upstream, *, reuse: bool) -> UpstreamConnection:
    """A connection to the next hop. Raises the error that the client is to get."""
    try:
        return await upstream.connect(reuse=reuse)
    except NoResponse as failure:
        raise upstream.refusal(failure) from None
    except TimeoutError:
        raise upstream.late() from None
