"""Decides which requests go to a service, and to which: by path or by host name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import web

from hero_router.access.policy import Access, visible
from hero_router.errors import BadRequest, LoopDetected, NoListener, Unauthorized
from hero_router.proxy.address import DEFAULT_CONTEXT, RPC, Address, by_host, by_path
from hero_router.proxy.headers import has_loop
from hero_router.proxy.table import RoutingTable, Target
from hero_router.settings.hosts import Authority
from hero_router.web.admission import Admission
from hero_router.web.browser_sessions import redirect, sign_in_address
from hero_router.web.errors import OwnResponse
from hero_router.web.proxied_request import Forwarder
from hero_router.web.request_facts import FACTS
from hero_router.web.request_line import host_of
from hero_router.web.service_sign_in import LANDING, ServiceSignIn

RESERVED = frozenset(
    {
        "", "api", "events", "rpc", "static", "health", "ready", "metrics", "openrpc.json",
        ".well-known", "favicon.ico", "sign-in", "sign-out",
    }
)  # fmt: skip
"""First segments of the router's own addresses. A service of such a name is reached by host name,
or with its context."""


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

    def route(self, request: web.BaseRequest) -> Route | None:
        """Where a request may lead; None if the router itself is asked.

        Raises:
            BadRequest: the address hides a slash or a dot segment.
        """
        target = _target(request.raw_path)
        named = Authority.parse(host_of(request))
        host = named.host if named else ""
        if (found := by_host(host, self.domain, target)) is not None:
            return Route((found,), host)
        first = target.partition("?")[0].split("/", 2)[1:2]
        if not first or first[0] in RESERVED or not (found_by_path := by_path(target)):
            return None
        return Route(found_by_path, "")

    async def answer(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        """Pass a request on and its answer back.

        Raises:
            Unauthorized, Forbidden, TooManyAttempts: the caller may call no service.
            NotFound: there is no such service or socket, or none that the caller may see.
            LoopDetected: the request has been here before.
            NoListener, BadGateway, GatewayTimeout: the service gives no answer.
        """
        if has_loop(request.raw_headers, self.forwarder.via):
            raise LoopDetected("the request has passed through this router before")
        if route.host and request.path == LANDING:
            secure = self.admission.is_secure(request)
            return await self.sign_in.land(request, route.host, secure=secure)
        try:
            principal = self.admission.admit(request, Access.ADMIN, route.host)
        except Unauthorized:
            if not self.admission.rules.signs_in or not _is_navigation(request):
                raise
            return self._sign_in(request, route)
        target = self.table.find(route.addresses, _context(request), visible(principal))
        if (node := target.record.get("node")) != self.table.node:
            raise NoListener(f"the service runs on node {node}, which this router cannot reach")
        if (moved := _with_slash(target, request[FACTS].prefix)) is not None:
            return moved
        return await self.forwarder.forward(request, target, principal)

    def _sign_in(self, request: web.BaseRequest, route: Route) -> web.Response:
        if route.host:
            return self.sign_in.begin(request, secure=self.admission.is_secure(request))
        return redirect(sign_in_address(request.raw_path))


def _is_navigation(request: web.BaseRequest) -> bool:
    """Whether a browser opens a page; a form that is sent would lose its content."""
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    accepts = "text/html" in request.headers.get("Accept", "")
    return request.method in ("GET", "HEAD") and mode == "navigate" and accepts


_ABSOLUTE = re.compile(r"[^:/?]+://[^/?]*(.*)", re.DOTALL)


def _target(raw_path: str) -> str:
    """The path and query of a request's target, which may be absolute."""
    if raw_path.startswith("/"):
        return raw_path
    found = _ABSOLUTE.fullmatch(raw_path)
    return raw_path if found is None else found[1] if found[1].startswith("/") else f"/{found[1]}"


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
