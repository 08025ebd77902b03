"""The parts for forwarding requests to services that both ways share: with a task and without.

`web.fast_path_forwarder` passes a request on at once, `web.request_forwarder` whatever has to wait.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, cast

from aiohttp import web

from hero_router.access.concurrency_limits import Slot
from hero_router.access.principal import Principal
from hero_router.errors import NoListener
from hero_router.proxy.answer_relay import Exchange, Limits
from hero_router.proxy.answer_timeout_watcher import AnswerTimeouts
from hero_router.proxy.call_record import Json, ProxiedCall
from hero_router.proxy.headers import Fields
from hero_router.proxy.socket_file_resolver import SocketFileResolver
from hero_router.proxy.table import Target
from hero_router.proxy.trace_context import begun, trace_fields, trace_id
from hero_router.proxy.tunnel import Tunnels
from hero_router.random_hex import RandomHex
from hero_router.upstream.connection import UpstreamConnection
from hero_router.upstream.pool import Pool
from hero_router.upstream.safe_connect import NoResponse
from hero_router.web.header_rewriter import HeaderRewriter
from hero_router.web.next_hop import (
    HopSigner,
    PeerUpstream,
    ServiceUpstream,
    Upstream,
)
from hero_router.web.request_facts import FACTS

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that may be sent twice (RFC 9110, section 9.2.1)."""

SENT = web.RequestKey("sent", bool)
"""That a request was sent already, over a kept connection that gave no answer."""

_NO_HEADERS = web.StreamResponse().headers


class ForwardedResponse(web.StreamResponse):
    """An answer that was written already; says to aiohttp whether to close the connection."""

    def __init__(self, status: int, *, keep_alive: bool) -> None:
        # StreamResponse's own would make what only an answer that is yet to be sent needs.
        self._status, self._keep_alive, self._headers = status, keep_alive, _NO_HEADERS

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing is left to send; the next request waits for a client that does not read."""
        await cast("ClientProtocol", request.protocol).drain()

    async def write_eof(self, _: bytes = b"") -> None:
        """Nothing is left to send."""


class ClientProtocol(Protocol):
    """What a request's connection can do for the proxy (`web.http_connection.HttpConnection`)."""

    relay: Exchange | None

    def release(self) -> bytes:
        """Leave the transport to another protocol; what the client has sent meanwhile."""

    async def drain(self) -> None:
        """Wait while too much is buffered for the client. Raises ConnectionError if it leaves."""


class Owner(NamedTuple):
    """The caller of a call or a tunnel, and the node whose router it goes to ("": the own one)."""

    principal: Principal
    peer: str


@dataclass(frozen=True, slots=True)
class Forwarder:
    """The means of one worker; `rules` rewrite the headers of requests and answers.

    `signer` signs requests for other nodes; None where no request goes to one.
    """

    locator: SocketFileResolver
    pool: Pool
    tunnels: Tunnels
    rules: HeaderRewriter
    limits: Limits
    timeouts: AnswerTimeouts
    random_hex: RandomHex
    signer: HopSigner | None = None
    calls: "set[Call]" = field(default_factory=set)

    def kept_connection(self, socket: Json) -> UpstreamConnection | None:
        """An idle connection to a record's socket, if there is one."""
        try:
            return self.pool.reuse(self.locator.find(socket))
        except NoResponse:
            return None

    def upstream(
        self, request: web.BaseRequest, target: Target, principal: Principal, seen: ProxiedCall
    ) -> Upstream:
        """Where a request goes next.

        Raises:
            NoListener: it goes to another node, and this router signs no requests for others.
        """
        peer, pool, rules = target.peer, self.pool, self.rules
        if peer is None:
            trace = self.trace(request, seen)
            return ServiceUpstream(self.locator, pool, rules, request, target, trace, seen)
        if self.signer is None:
            raise NoListener(
                f"requests to node {peer.node} cannot be signed: ROUTER_NODE_KEY_FILE is not set"
            )
        trace = self.trace(request, seen)
        return PeerUpstream(self.signer, pool, rules, request, target, peer, principal, trace, seen)

    def trace(self, request: web.BaseRequest, seen: ProxiedCall) -> Fields:
        """The trace context of a request as its service gets it."""
        if "traceparent" not in request.headers:
            digits = self.random_hex(24)
            seen.trace_id = digits[:32]
            return [begun(digits)]
        trusted = request[FACTS].is_believed
        found = trace_fields(request.raw_headers, trusted=trusted, token_hex=self.random_hex)
        seen.trace_id = trace_id(found)
        return found

    def close_where(self, predicate: Callable[[Principal], bool]) -> None:
        """Break the calls and tunnels of the matching callers, whose access is revoked.

        Those to a node that is no peer any more are broken too.
        """

        def ends(owner: Owner) -> bool:
            is_cut = owner.peer and self.signer and not self.signer.peering.book.knows(owner.peer)
            return bool(is_cut) or predicate(owner.principal)

        for call in tuple(self.calls):
            if ends(call.owner):
                call.abort()
        self.tunnels.close_where(ends)

    def close(self) -> None:
        """Close tunnels and kept connections: the worker ends."""
        self.tunnels.close()
        self.pool.close()


class Call:
    """One request and its answer, on their way through the worker.

    `seen` is told what becomes of it. Raises ConnectionResetError if the client has left.
    """

    __slots__ = (
        "_client", "_forwarder", "_protocol", "_request", "_seen", "_slot", "_target", "principal",
    )  # fmt: skip

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
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has disconnected")
        self._client = transport
        self._protocol = cast("ClientProtocol", request.protocol)

    @property
    def owner(self) -> Owner:
        """The caller, and where the call goes."""
        peer = self._target.peer
        return Owner(self.principal, peer.node if peer else "")

    def abort(self) -> None:
        """Break the client's connection, which also ends the call to the service."""
        self._client.abort()

    def _exchange(self, make: Callable[..., Exchange], on_end: Callable[[], None]) -> Exchange:
        request, forwarder = self._request, self._forwarder
        return make(
            self._client,
            request.version[:2],
            request.method,
            forwarder.rules.rewriter(request, self._target),
            self._seen,
            on_end,
            keep_alive=request.keep_alive,
            limits=forwarder.limits,
            timeouts=forwarder.timeouts,
        )
