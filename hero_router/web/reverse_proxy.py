"""Decides which requests go to a service, and to which: by path or by host name."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from hero_router.access.policy import visible
from hero_router.access.principal import Principal
from hero_router.errors import LoopDetected, NoListener
from hero_router.proxy.address import DEFAULT_CONTEXT, RPC, Address, readings
from hero_router.proxy.call import ProxiedCall
from hero_router.proxy.headers import has_loop
from hero_router.proxy.table import RoutingTable, Target
from hero_router.web.call_observer import CallObserver
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.proxied_request import Forwarder
from hero_router.web.shown_target import origin_form


@dataclass(frozen=True, slots=True)
class ReverseProxy:
    """Answers requests for services; `domain` is the name below which services have host names."""

    table: RoutingTable
    forwarder: Forwarder
    domain: str
    observer: CallObserver

    def addresses(self, request: web.BaseRequest, host: str) -> Sequence[Address]:
        """The readings of a request's address; none if the router itself is asked.

        Raises:
            BadRequest: the address hides a slash or a dot segment.
        """
        return readings(host, self.domain, origin_form(request.raw_path))

    async def answer(
        self, request: web.BaseRequest, addresses: Sequence[Address], principal: Principal
    ) -> web.StreamResponse:
        """Pass a request on and its answer back.

        Raises:
            NotFound: there is no such service or socket, or none that the caller may see.
            LoopDetected: the request has been here before.
            NoListener, BadGateway, GatewayTimeout: the service gives no answer.
        """
        request[PRINCIPAL] = principal
        target = self.table.find(addresses, DEFAULT_CONTEXT, visible(principal))
        call = self.observer.started(request, target)
        try:
            return await self._pass(request, target, principal, call)
        except BaseException as error:
            self.observer.failed(call, error)
            raise
        finally:
            self.observer.ended(request, call)

    async def _pass(
        self, request: web.BaseRequest, target: Target, principal: Principal, call: ProxiedCall
    ) -> web.StreamResponse:
        if has_loop(request.raw_headers, self.forwarder.via):
            raise LoopDetected("the request has passed through this router before")
        if (node := target.record.get("node")) != self.table.node:
            raise NoListener(f"the service runs on node {node}, which this router cannot reach")
        if (moved := _with_slash(target)) is not None:
            call.status = moved.status
            return moved
        return await self.forwarder.forward(request, target, principal, call)


def _with_slash(target: Target) -> web.StreamResponse | None:
    """A redirect from `/{service}/{socket}` to the same with a slash: links are relative to it.

    The rpc socket is not for browsers: there the address alone is its endpoint `/rpc`.
    """
    if not target.prefix or target.rest.startswith("/"):
        return None
    if target.socket.get("role") == RPC:
        return None
    location = f"{target.prefix}/{target.rest}"
    return web.Response(status=308, headers={"Location": location, "Cache-Control": "no-store"})
