"""Decides which requests go to a service, and to which: by path or by host name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import web

from hero_router.access.policy import Access, visible
from hero_router.access.principal import Principal
from hero_router.access.quotas import Quota, Slot
from hero_router.errors import BadRequest, LoopDetected, NoListener, Overloaded, Unauthorized
from hero_router.proxy.address import DEFAULT_CONTEXT, RPC, Address, by_host, by_path, is_own
from hero_router.proxy.call import ProxiedCall
from hero_router.proxy.headers import has_loop
from hero_router.proxy.table import RoutingTable, Target
from hero_router.settings.hosts import Authority
from hero_router.web.admission import Admission
from hero_router.web.browser_sessions import redirect, sign_in_address
from hero_router.web.call_observer import CallObserver
from hero_router.web.errors import OwnResponse
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.proxied_request import Forwarder
from hero_router.web.request_facts import FACTS
from hero_router.web.request_line import host_of
from hero_router.web.service_sign_in import LANDING, ServiceSignIn
from hero_router.web.shown_target import origin_form


class Route(NamedTuple):
    """The readings of a request's address, and the service's host name ("" by path)."""

    addresses: Sequence[Address]
    host: str


@dataclass(frozen=True, slots=True)
class ReverseProxy:
    """Answers requests for services; `domain` is the name below which services have host names."""

    table: RoutingTable
    forwarder: Forwarder
    domain: str
    admission: Admission
    sign_in: ServiceSignIn
    observer: CallObserver
    quota: Quota

    def route(self, request: web.BaseRequest) -> Route | None:
        """Where a request may lead; None if the router itself is asked.

        Raises:
            BadRequest: the address hides a slash or a dot segment.
        """
        target = origin_form(request.raw_path)
        named = Authority.parse(host_of(request))
        host = named.host if named else ""
        if (found := by_host(host, self.domain, target)) is not None:
            return Route((found,), host)
        if is_own(target) or not (found_by_path := by_path(target)):
            return None
        return Route(found_by_path, "")

    async def answer(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        """Pass a request on and its answer back.

        Raises:
            Unauthorized, Forbidden, TooManyAttempts: the caller may call no service.
            NotFound: there is no such service or socket, or none that the caller may see.
            LoopDetected: the request has been here before.
            NoListener, BadGateway, GatewayTimeout: the service gives no answer.
            Overloaded: too many requests of the caller's address are under way.
        """
        if route.host and request.path == LANDING:
            secure = self.admission.is_secure(request)
            return await self.sign_in.land(request, route.host, secure=secure)
        try:
            principal = self.admission.admit(request, Access.ADMIN, route.host)
        except Unauthorized:
            if not self.admission.rules.signs_in or not _is_navigation(request):
                raise
            return self._sign_in(request, route)
        request[PRINCIPAL] = principal
        target = self.table.find(route.addresses, _context(request), visible(principal))
        slot = self.quota.take(principal.address)
        if slot is None:
            raise Overloaded("too many requests to services are under way from your address")
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
        if not self.table.reaches(target.record):
            node = target.record.get("node")
            raise NoListener(f"the service runs on node {node}, which this router cannot reach")
        if (moved := _with_slash(target, request[FACTS].prefix)) is not None:
            call.status = moved.status
            return moved
        return await self.forwarder.forward(request, target, principal, call, slot)

    def _sign_in(self, request: web.BaseRequest, route: Route) -> web.Response:
        if route.host:
            return self.sign_in.begin(request, secure=self.admission.is_secure(request))
        return redirect(sign_in_address(request.raw_path))


def _is_navigation(request: web.BaseRequest) -> bool:
    """Whether a browser opens a page; a form that is sent would lose its content."""
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    accepts = "text/html" in request.headers.get("Accept", "")
    return request.method in ("GET", "HEAD") and mode == "navigate" and accepts


def _context(request: web.BaseRequest) -> str:
    """The context of an address that names none: the one in `X-Hero-Context`, else the default.

    Any caller may choose: what the caller may not see, it does not reach in this way either.

    Raises:
        BadRequest: the header names several contexts.
    """
    named = {value.strip() for value in request.headers.getall("X-Hero-Context", ())} - {""}
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
