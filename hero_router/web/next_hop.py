"""The destinations of requests to services: a socket of this machine, or another node's router."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from hero_router.access.hop_token import LIFETIME_MS, HopClaims, write_token
from hero_router.access.peer_list import Peer, Peering
from hero_router.access.principal import Principal
from hero_router.errors import BadGateway, GatewayTimeout, NoListener, RouterError
from hero_router.proxy.answer_relay import Exchange, Limits
from hero_router.proxy.call_record import Cause, ProxiedCall
from hero_router.proxy.headers import Field, Fields
from hero_router.proxy.peer_exchange import PeerExchange
from hero_router.proxy.socket_file_resolver import SocketFileResolver
from hero_router.proxy.table import Target
from hero_router.upstream.connection import UpstreamConnection
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.peer_connect import PeerAddress
from hero_router.upstream.pool import Pool
from hero_router.upstream.safe_connect import NoResponse
from hero_router.web.errors import REQUEST_ID
from hero_router.web.header_rewriter import HeaderRewriter
from hero_router.web.request_facts import FACTS
from hero_router.web.request_syntax_check import host_of

log = logging.getLogger(__name__)

PEER_SECONDS = 5.0
"""How much longer another node's router may take than a service: it has the same limits, and tells
by itself which one a service has passed."""

_UNREACHED = (Outcome.REFUSED, Outcome.MISSING, Outcome.UNSEEN)


class Upstream(Protocol):
    """The next hop of one request."""

    async def connect(self, *, reuse: bool) -> UpstreamConnection:
        """A connection, with `reuse` perhaps a kept one. Raises NoResponse, TimeoutError."""

    def head(self, *, has_body: bool) -> bytes:
        """The request's head, made for each attempt."""

    def exchange(self, *given: Any, **options: Any) -> Exchange:
        """The receiver of the answer to the last head; the parameters are those of `Exchange`."""

    def refusal(self, failure: NoResponse) -> RouterError:
        """The error for the client where there is no answer."""

    def late(self) -> RouterError:
        """The error for the client where the connection is not accepted in time."""


@dataclass(frozen=True, slots=True)
class ServiceUpstream:
    """A socket of a service on this machine."""

    locator: SocketFileResolver
    pool: Pool
    rules: HeaderRewriter
    request: web.BaseRequest
    target: Target
    trace: Fields
    call: ProxiedCall

    async def connect(self, *, reuse: bool) -> UpstreamConnection:
        """See `Upstream`. A socket that was replaced by a new one meanwhile is found again."""
        socket = self.target.socket
        address = self.locator.find(socket)
        if reuse and (kept := self.pool.reuse(address)) is not None:
            return kept
        try:
            return await self.pool.open(address)
        except NoResponse:
            self.locator.forget(socket)
            now = self.locator.find(socket)
            if now == address:
                raise
            return await self.pool.open(now)

    def head(self, *, has_body: bool) -> bytes:
        """See `Upstream`."""
        return self.rules.request_head(self.request, self.target, self.trace, has_body=has_body)

    def exchange(self, *given: Any, **options: Any) -> Exchange:
        """See `Upstream`."""
        return Exchange(*given, **options)

    def refusal(self, failure: NoResponse) -> RouterError:
        """See `Upstream`."""
        return service_refusal(self.target, self.call, failure)

    def late(self) -> RouterError:
        """See `Upstream`."""
        return GatewayTimeout("the service accepts no connection: its queue is full")


def service_refusal(target: Target, call: ProxiedCall, failure: NoResponse) -> RouterError:
    """The error for the client where a service of this machine gives no answer."""
    call.failed(failure)
    name = str(target.record.get("name"))
    if failure.outcome in _UNREACHED:
        return NoListener(f"the service {name} cannot be reached: {failure}")
    if failure.outcome is Outcome.LATE:
        return GatewayTimeout(f"the service {name} {failure}")
    return BadGateway(f"the service {name} gives no answer: {failure}")


@dataclass(slots=True)
class PeerUpstream:
    """The router of another node, which passes the request on to a service there."""

    signer: "HopSigner"
    pool: Pool
    rules: HeaderRewriter
    request: web.BaseRequest
    target: Target
    peer: Peer
    principal: Principal
    trace: Fields
    call: ProxiedCall
    nonce: str = field(default="", init=False)

    async def connect(self, *, reuse: bool) -> UpstreamConnection:
        """See `Upstream`."""
        address = self.signer.address(self.peer)
        return (self.pool.reuse(address) if reuse else None) or await self.pool.open(address)

    def head(self, *, has_body: bool) -> bytes:
        """See `Upstream`. A token is accepted once, so each attempt has its own."""
        self.nonce = secrets.token_urlsafe(16)

        def token(vouched: Fields) -> bytes:
            return self.signer.token(
                self.request, self.target, self.peer, self.principal, vouched, self.nonce
            )

        authority = self.peer.url.authority
        return self.rules.hop_head(
            self.request, self.target, self.trace, authority, token, has_body=has_body
        )

    def exchange(self, *given: Any, **options: Any) -> Exchange:
        """See `Upstream`."""
        options["limits"] = Limits(*(each + PEER_SECONDS for each in options["limits"]))
        return PeerExchange(*given, node=self.peer.node, nonce=self.nonce, **options)

    def refusal(self, failure: NoResponse) -> RouterError:
        """See `Upstream`."""
        where = f"the router of node {self.peer.node}"
        if failure.outcome in (Outcome.LATE, Outcome.UNSEEN):
            self.call.failed(failure)
        else:
            self.call.refused(Cause.UNREACHABLE, 0, f"{where} {failure}")
        if failure.outcome in _UNREACHED:
            return NoListener(f"{where} cannot be reached: {failure}")
        if failure.outcome is Outcome.LATE:
            return GatewayTimeout(f"{where} {failure}")
        if failure.outcome is Outcome.FOREIGN:
            log.warning(
                "a request to a service of another node failed: %s (%s) %s",
                where,
                self.peer.url,
                failure,
            )
        return BadGateway(f"{where} {failure}")

    def late(self) -> RouterError:
        """See `Upstream`."""
        return GatewayTimeout(f"the router of node {self.peer.node} accepts no connection in time")


@dataclass(frozen=True, slots=True)
class HopSigner:
    """Signs what one node's router passes on to others; `now_ms` gives Redis's time."""

    node: str
    peering: Peering
    now_ms: Callable[[], int]

    def address(self, peer: Peer) -> PeerAddress:
        """Where to connect to."""
        url = peer.url
        return PeerAddress(url.address, url.port, self.peering.tls if url.is_tls else None)

    def token(
        self,
        request: web.BaseRequest,
        target: Target,
        peer: Peer,
        principal: Principal,
        vouched: Fields,
        nonce: str,
    ) -> bytes:
        """The token of one request; `vouched` are the fields that travel in it."""
        claims = HopClaims(
            sender=self.node,
            receiver=peer.node,
            method=request.method,
            target=target.prefix + target.rest,
            host=host_of(request),
            service=str(target.record.get("id")),
            role=str(target.socket.get("role")),
            prefix=target.prefix,
            actor=principal,
            facts=request[FACTS],
            fields=tuple[Field, ...](vouched),
            request_id=request.get(REQUEST_ID, ""),
            expires_ms=self.now_ms() + LIFETIME_MS,
            nonce=nonce,
        )
        return write_token(claims, self.peering.key.sign)
