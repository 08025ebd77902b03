"""Routes requests to services, by path or by host name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import web

from hero_router.access.concurrency_limits import ConcurrencyLimit, Slot
from hero_router.access.hop_token import HopClaims
from hero_router.access.policy import CALL_SERVICES, visible
from hero_router.access.principal import Principal
from hero_router.errors import BadRequest, LoopDetected, Overloaded, Unauthorized
from hero_router.proxy.address import DEFAULT_CONTEXT, RPC, Address, by_host, by_path, is_own
from hero_router.proxy.call_record import ProxiedCall
from hero_router.proxy.loops import has_loop
from hero_router.proxy.table import RoutingTable, Target
from hero_router.web.access_control import AccessControl
from hero_router.web.browser_sessions import is_navigation, redirect, sign_in_address
from hero_router.web.call_observer import CallObserver
from hero_router.web.errors import OwnResponse
from hero_router.web.fast_path_forwarder import FastPathForwarder, OnEnd
from hero_router.web.forwarder_base import Forwarder
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.request_facts import FACTS
from hero_router.web.request_forwarder import RequestForwarder
from hero_router.web.router_to_router_requests import HOP, RouterToRouterRequests
from hero_router.web.service_host_redirect import ServiceHostRedirect
from hero_router.web.service_sign_in import LANDING, ServiceSignIn
from hero_router.web.shown_target import origin_form


class Admitted(NamedTuple):
    """A request that may go to a service: its caller, and where it goes."""

    principal: Principal
    target: Target


class Route(NamedTuple):
    """The possible addresses of a request, and the host name that it used ("" if by path)."""

    addresses: Sequence[Address]
    host: str


@dataclass(frozen=True, slots=True)
class ReverseProxy:
    """Answers requests for services; `domain` is the name below which services have host names.

    `hops` reads the tokens of requests that come from other nodes' routers.
    """

    table: RoutingTable
    forwarder: Forwarder
    domain: str
    access_control: AccessControl
    sign_in: ServiceSignIn
    host_redirect: ServiceHostRedirect
    observer: CallObserver
    quota: ConcurrencyLimit
    hops: RouterToRouterRequests

    def route(self, request: web.BaseRequest, host: str) -> Route | None:
        """The route of a request that asks this host; None for a request to the router itself.

        By the port of the metrics no service is reached.

        Raises:
            BadRequest: the address hides a slash or a dot segment.
        """
        if self.access_control.is_metrics_port(request):
            return None
        target = origin_form(request.raw_path)
        if (found := by_host(host, self.domain, target)) is not None:
            return Route((found,), host)
        if is_own(target) or not (found_by_path := by_path(target)):
            return None
        return Route(found_by_path, "")

    def admit(self, request: web.BaseRequest, route: Route) -> Admitted | web.Response | None:
        """Who calls which service; or a redirect, to a sign-in or to the service's own origin.

        None for the address at which a sign-in ends.

        Raises:
            Unauthorized, Forbidden, TooManyAttempts: the caller may call no service.
            NotFound: there is no such service or socket, or none that the caller may see.
        """
        if route.host and request.path == LANDING:
            return None
        try:
            principal = self.access_control.admit(request, CALL_SERVICES, route.host)
        except Unauthorized:
            if not self.access_control.rules.signs_in or not is_navigation(request):
                raise
            return self._sign_in(request, route)
        request[PRINCIPAL] = principal
        target = self.table.find(route.addresses, _context(request), visible(principal))
        opens_page = not route.host and request.method == "GET" and is_navigation(request)
        if opens_page and (instead := self.host_redirect.instead(request, target, principal)):
            return instead
        return Admitted(principal, target)

    def pass_at_once(
        self, request: web.BaseRequest, admitted: Admitted, on_end: OnEnd
    ) -> FastPathForwarder | None:
        """Forward a request without a body over a kept connection, and call `on_end` at its end.

        None where there is none, or `answer` has to say why the request is not forwarded.
        """
        principal, target = admitted
        if not self._may_pass(request, target):
            return None
        slot = self.quota.take(principal.address)
        if slot is None:
            return None
        connection = self.forwarder.kept_connection(target.socket)
        if connection is None:
            slot.give_back()
            return None
        seen = self.observer.started(request, target)
        call = FastPathForwarder(self.forwarder, request, target, principal, seen, slot)
        try:
            call.start(connection, self.observer, on_end)
        except BaseException as error:
            connection.abort()
            slot.give_back()
            self.observer.failed(seen, error)
            self.observer.ended(request, seen)
            raise
        return call

    def _may_pass(self, request: web.BaseRequest, target: Target) -> bool:
        """Whether nothing but a service of this node answers this request."""
        fields = request.headers
        return (
            "Via" not in fields
            and "Upgrade" not in fields
            and self.table.is_own(target.record)
            and _with_slash(target, "") is None
            and request.transport is not None
        )

    async def answer(
        self, request: web.BaseRequest, route: Route, admitted: Admitted | web.Response | None
    ) -> web.StreamResponse:
        """Forward a request that was admitted, and send the answer to the client.

        Raises:
            LoopDetected: the request has been here before.
            NoListener, BadGateway, GatewayTimeout: the service gives no answer.
            Overloaded: too many requests of the caller's address are under way.
        """
        if admitted is None:
            secure = self.access_control.is_secure(request)
            return await self.sign_in.land(request, route.host, secure=secure)
        if not isinstance(admitted, Admitted):
            return admitted
        return await self._call(request, admitted.target, admitted.principal)

    async def answer_hop(self, request: web.BaseRequest, hop: HopClaims) -> web.StreamResponse:
        """Forward a request of another node's router, and return the answer.

        Raises:
            HopRefused, Forbidden, StoreError: the request is not admitted.
            LoopDetected, NoListener, BadGateway, GatewayTimeout, Overloaded: as `answer`.
        """
        principal = request[PRINCIPAL] = await self.access_control.admit_hop(hop)
        rest = hop.target[len(hop.prefix) :]
        shown = visible(principal)
        target = self.table.of_hop(hop.service, hop.role, hop.prefix, rest, shown)
        return await self._call(request, target, principal)

    async def _call(
        self, request: web.BaseRequest, target: Target, principal: Principal
    ) -> web.StreamResponse:
        slot = self.quota.take(principal.address)
        if slot is None:
            raise Overloaded("too many requests to services are open from your address")
        call = self.observer.started(request, target)
        try:
            return await self._pass(request, target, principal, call, slot)
        except BaseException as error:
            self.observer.failed(call, error)
            raise
        finally:
            self.observer.ended(request, call)
            if not slot.is_kept:
                slot.give_back()

    async def _pass(
        self,
        request: web.BaseRequest,
        target: Target,
        principal: Principal,
        call: ProxiedCall,
        slot: Slot,
    ) -> web.StreamResponse:
        if has_loop(request.raw_headers, self.forwarder.rules.via):
            raise LoopDetected("the request has passed through this router before")
        if HOP in request and not self.table.is_own(target.record):
            raise LoopDetected(
                "the request comes from another node, and the service is not here either"
            )
        target = self.table.on_its_way(target)
        if (moved := _with_slash(target, request[FACTS].prefix)) is not None:
            call.status = moved.status
            return moved
        return await RequestForwarder(self.forwarder, request, target, principal, call, slot).run()

    def _sign_in(self, request: web.BaseRequest, route: Route) -> web.Response:
        if route.host:
            secure = self.access_control.is_secure(request)
            return self.sign_in.begin(request, request.raw_path, secure=secure)
        return redirect(sign_in_address(request.raw_path, request[FACTS].prefix))


def _context(request: web.BaseRequest) -> str:
    """The context of an address that names none: the one in `X-Hero-Context`, else the default.

    Any caller may choose: what the caller may not see, it does not reach in this way either.

    Raises:
        BadRequest: the header names several contexts.
    """
    if "X-Hero-Context" not in request.headers:
        return DEFAULT_CONTEXT
    named = {value.strip(" \t") for value in request.headers.getall("X-Hero-Context")} - {""}
    if len(named) > 1:
        raise BadRequest("X-Hero-Context names several contexts")
    return named.pop() if named else DEFAULT_CONTEXT


def _with_slash(target: Target, outer: str) -> web.StreamResponse | None:
    """A redirect from `/{service}/{socket}` to the same with a slash: links are relative to it.

    `outer` is the part of the path that a proxy in front has cut. The rpc socket is not for
    browsers: there the address alone is its endpoint `/rpc`.
    """
    if not target.prefix or target.rest.startswith("/"):
        return None
    if target.socket.get("role") == RPC:
        return None
    location = f"{outer}{target.prefix}/{target.rest}"
    return OwnResponse(status=308, headers={"Location": location, "Cache-Control": "no-store"})
