"""Observes each request to a service, from its start to its end, for metrics, logs and errors."""

import asyncio
import time
from collections.abc import Mapping

from aiohttp import web

from hero_router.errors import Forbidden, GatewayTimeout, LoopDetected, NoListener
from hero_router.metrics.proxied_requests import ProxiedCounts
from hero_router.proxy.call import Cause, ProxiedCall
from hero_router.proxy.table import Target
from hero_router.web.errors import http_error_info

CALL = web.RequestKey("call", ProxiedCall)
"""What is seen of a request that goes to a service."""

_CAUSES: Mapping[type[BaseException], Cause] = {
    NoListener: Cause.UNREACHABLE,
    GatewayTimeout: Cause.LATE,
    LoopDetected: Cause.LOOP,
    Forbidden: Cause.FORBIDDEN,
}
"""The causes of errors where the socket itself has told none."""


class CallObserver:
    """Observes the requests to services of one worker."""

    def __init__(self, counts: ProxiedCounts) -> None:
        self._counts = counts

    def started(self, request: web.BaseRequest, target: Target) -> ProxiedCall:
        """A request begins its way to a service."""
        call = request[CALL] = ProxiedCall(target.record, target.socket, time.perf_counter)
        self._counts.open += 1
        return call

    def failed(self, call: ProxiedCall, error: BaseException) -> None:
        """The request ends with an error, which the client will get if it is still there."""
        if isinstance(error, asyncio.CancelledError | ConnectionResetError):
            call.refused(Cause.CANCELLED, 0, "the client left")
            return
        info = http_error_info(error)
        usual = Cause.BROKEN_CLIENT if info.status < 500 else Cause.INTERNAL
        cause = _CAUSES.get(type(error), usual)
        call.refused(cause, info.status, info.message)

    def ended(self, call: ProxiedCall) -> None:
        """The request has ended."""
        call.ended()
        self._counts.open -= 1
        self._counts.add(call)
