"""Observes each request to a service, from its start to its end, for metrics, logs and errors."""

import asyncio
import time
from collections.abc import Callable, Mapping

from aiohttp import web

from hero_router.errors import Forbidden, GatewayTimeout, LoopDetected, NoListener
from hero_router.metrics.proxied_request_counts import ProxiedCounts
from hero_router.proxy.call_record import Cause, ProxiedCall
from hero_router.proxy.routing_error_log import RoutingErrors
from hero_router.proxy.table import Target
from hero_router.sanitize import clean
from hero_router.store.routing_errors import RoutingError
from hero_router.web.errors import REQUEST_ID, http_error_info
from hero_router.web.shown_target import path_of

CALL = web.RequestKey("call", ProxiedCall)
"""The `ProxiedCall` of a request that goes to a service."""

_CAUSES: Mapping[type[BaseException], Cause] = {
    NoListener: Cause.UNREACHABLE,
    GatewayTimeout: Cause.LATE,
    LoopDetected: Cause.LOOP,
    Forbidden: Cause.FORBIDDEN,
}
"""The causes of errors that the router itself raises, by error class."""


_HARMLESS = frozenset({Cause.COMPLETE, Cause.CANCELLED, Cause.BROKEN_CLIENT, Cause.FORBIDDEN})
"""Causes that are not kept as errors of the service."""

LONGEST_METHOD, LONGEST_PATH = 32, 256
"""Maximum number of characters of a method and of a path in a list of errors."""


class CallObserver:
    """Observes the requests to services of one worker; `now_ms` gives Redis's time."""

    def __init__(
        self,
        counts: ProxiedCounts,
        errors: RoutingErrors,
        worker: str,
        now_ms: Callable[[], int],
    ) -> None:
        self._counts, self._errors = counts, errors
        self._worker, self._now_ms = worker, now_ms

    def started(self, request: web.BaseRequest, target: Target) -> ProxiedCall:
        """Begin to observe a request that is passed on to a service."""
        call = request[CALL] = ProxiedCall(target.record, target.socket, time.perf_counter)
        self._counts.open += 1
        return call

    def abandoned(self) -> None:
        """A request is sent again, because its connection was closed by the service before."""
        self._counts.open -= 1

    def failed(self, call: ProxiedCall, error: BaseException) -> None:
        """Note that the request ends with an error, which is sent to the client."""
        if isinstance(error, asyncio.CancelledError | ConnectionResetError):
            call.refused(Cause.CANCELLED, 0, "the client disconnected")
            return
        info = http_error_info(error)
        usual = Cause.BROKEN_CLIENT if info.status < 500 else Cause.INTERNAL
        cause = _CAUSES.get(type(error), usual)
        call.refused(cause, info.status, info.message)

    def ended(self, request: web.BaseRequest, call: ProxiedCall) -> None:
        """Note the end of the request: count it, and keep its error, if any."""
        call.ended()
        self._counts.open -= 1
        self._counts.add(call)
        if not call.is_listed and (call.status >= 500 or call.cause not in _HARMLESS):
            self._note(request, call)

    def _note(self, request: web.BaseRequest, call: ProxiedCall) -> None:
        error = RoutingError(
            at=self._now_ms(),
            status=call.status,
            cause=call.cause.value,
            reason=clean(call.reason),
            method=clean(request.method, LONGEST_METHOD),
            path=clean(path_of(request.raw_path), LONGEST_PATH),
            request_id=request.get(REQUEST_ID, ""),
            node=str(call.record["node"]),
            worker=self._worker,
        )
        self._errors.add(str(call.record["id"]), error)
