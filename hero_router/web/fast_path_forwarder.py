"""Forwards a request without a body over a kept connection, without a task (the fast path).

No task waits for the answer: for small answers that costs less than half. What has to wait for
anything goes through `web.request_forwarder`.
"""

from collections.abc import Callable

from hero_router.errors import RouterError
from hero_router.proxy.answer_relay import Exchange
from hero_router.upstream.connection import UpstreamConnection
from hero_router.upstream.outcome import Outcome
from hero_router.web.call_observer import CallObserver
from hero_router.web.forwarder_base import SENT, Call, ForwardedResponse
from hero_router.web.next_hop import service_refusal

OnEnd = Callable[[ForwardedResponse | RouterError | None], None]
"""Gets the answer that was written, or the error that the client is to get, or None where the
connection was dead already, and the request has to be sent again."""


class FastPathForwarder(Call):
    """One request that may be sent twice; it gives its slot back at its end."""

    __slots__ = ("_connection", "_observer", "_on_end", "_relayed")

    _connection: UpstreamConnection
    _observer: CallObserver
    _on_end: OnEnd
    _relayed: Exchange

    def start(self, connection: UpstreamConnection, observer: CallObserver, on_end: OnEnd) -> None:
        """Send the request over a connection of the pool."""
        self._connection, self._observer, self._on_end = connection, observer, on_end
        forwarder = self._forwarder
        trace = forwarder.trace(self._request, self._seen)
        head = forwarder.rules.request_head(self._request, self._target, trace, has_body=False)
        exchange = self._relayed = self._exchange(Exchange, self._end)
        self._forwarder.calls.add(self)
        exchange.start(connection)
        self._protocol.relay = exchange
        connection.send(self._request.method, head, exchange)

    def cancel(self) -> None:
        """Give up: the client has left."""
        self._connection.abort()
        self._relayed.stop()
        self._leave()
        self._observer.failed(self._seen, ConnectionResetError())
        self._observer.ended(self._request, self._seen)

    def _end(self) -> None:
        self._leave()
        exchange = self._relayed
        if exchange.error is None:
            self._observer.ended(self._request, self._seen)
            self._on_end(ForwardedResponse(exchange.status, keep_alive=exchange.keep_alive))
        elif exchange.error.outcome is Outcome.CLOSED:
            self._observer.abandoned()
            self._request[SENT] = True
            self._on_end(None)
        else:
            refusal = service_refusal(self._target, self._seen, exchange.error)
            self._observer.failed(self._seen, refusal)
            self._observer.ended(self._request, self._seen)
            self._on_end(refusal)

    def _leave(self) -> None:
        self._forwarder.calls.discard(self)
        self._protocol.relay = None
        self._slot.give_back()
