"""The router's own JSON-RPC methods: their handlers, and their descriptions for OpenRPC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hero_router import __version__
from hero_router.access.policy import SCAN, visible
from hero_router.access.principal import Principal
from hero_router.feed.feed import Feed
from hero_router.feed.json_answers import JsonAnswers
from hero_router.feed.rescan import CALL_SECONDS, WAIT_SECONDS, ScanCoordinator
from hero_router.history.answer import History
from hero_router.history.span_summary import DEFAULT_SPAN, VIEWS
from hero_router.model import Status
from hero_router.rpc import examples, openrpc
from hero_router.rpc.access_methods import AccessMethods
from hero_router.rpc.dispatcher import DISCOVER, Encoded, Method
from hero_router.rpc.examples import Example
from hero_router.rpc.history_answers import ServiceHistories
from hero_router.rpc.json_schema import choice, text, whole
from hero_router.rpc.mute_methods import MuteMethods
from hero_router.rpc.openrpc import COMPONENTS
from hero_router.rpc.params import ONE, Param
from hero_router.rpc.result_types import (
    Count,
    Detail,
    Health,
    Logs,
    Scan,
    Service,
    State,
)
from hero_router.rpc.service_detail import ServiceDetails
from hero_router.store.routing_errors import MOST_KEPT
from hero_router.strict_json import encode

MAX_PAGE = 1_000
"""Maximum number of services on one page of `router.services`."""

SCANS_AT_ONCE = 16
"""Maximum number of calls of `router.scan` that wait in a worker: a call is cheap, but holds a
connection."""

MANIFEST: Mapping[str, str] = {
    "protocol": "openrpc",
    "name": openrpc.TITLE,
    "title": openrpc.TITLE,
    "version": __version__,
    "description": openrpc.ABOUT,
    "socket": "rpc",
}
"""The router's own manifest, with the same fields as the manifests of services."""


class RpcMethods:
    """The handlers of the JSON-RPC methods; the first argument is the caller.

    `rpc.result_types` has the types of the results.
    """

    def __init__(
        self,
        feed: Feed,
        state: JsonAnswers,
        details: ServiceDetails,
        histories: ServiceHistories,
        scanning: ScanCoordinator,
        worker: str,
    ) -> None:
        self._feed, self._state, self._scanning = feed, state, scanning
        self._details, self._histories, self._worker = details, histories, worker

    async def all(self, caller: Principal) -> Encoded:
        """The whole state that the caller may see, the same as GET /api/services."""
        return Encoded(self._state.text(visible(caller)))

    async def services(
        self, caller: Principal, *, limit: int = MAX_PAGE, offset: int = 0, **fields: str
    ) -> list[dict[str, Any]]:
        """One page of the service records that match the parameters."""
        return self._state.select(visible(caller), **fields)[offset : offset + limit]

    async def count(self, caller: Principal, **fields: str) -> int:
        """How many service records match the parameters."""
        return len(self._state.select(visible(caller), **fields))

    async def service(self, caller: Principal, *, id: str) -> dict[str, Any]:  # noqa: A002 - as callers name it
        """One service record with its last probe and its addresses."""
        return await self._details.of(id, caller)

    async def logs(
        self,
        caller: Principal,
        *,
        id: str,  # noqa: A002 - as callers name it
        limit: int = MOST_KEPT,
    ) -> dict[str, Any]:
        """The last routing errors of one service."""
        return await self._details.errors(id, caller, limit)

    async def history(
        self,
        caller: Principal,
        *,
        span: str = DEFAULT_SPAN,
        id: str | None = None,  # noqa: A002 - as callers name it
    ) -> dict[str, Any] | Encoded:
        """The past of all services that the caller may see, or of one with its detail."""
        if id is not None:
            return await self._histories.one(span, id, caller)
        return Encoded(await self._histories.all(span, caller))

    async def scan(self, _: Principal) -> dict[str, Any]:
        """Make the scanners scan now; returns their counts."""
        return await self._scanning.scan()

    async def health(self, caller: Principal) -> dict[str, object]:
        """The same answer as GET /ready."""
        return {
            **self._feed.status(visible(caller)),
            "worker": self._worker,
            "version": __version__,
        }


MATCHING = (
    Param("context", text(), "only services of this context"),
    Param("status", choice(*map(str, Status)), "only services with this status"),
    Param("node", text(), "only services of this node"),
)
"""Parameters that select services."""


@dataclass(frozen=True, slots=True)
class RpcApi:
    """All JSON-RPC methods, and the OpenRPC document that describes them, as JSON."""

    methods: Sequence[Method]
    document: str


def rpc_api(handlers: RpcMethods, mutes: MuteMethods, access: AccessMethods) -> RpcApi:
    """Build the router's JSON-RPC API; its methods call these handlers."""

    async def discover(_: Principal) -> Encoded:
        return Encoded(document)

    schema = {"type": "object", "required": ["openrpc", "info", "methods"]}
    itself = Method(DISCOVER, discover, "Returns the router's OpenRPC document.", schema)
    methods = [*_methods(handlers), *mutes.methods(), *access.methods(), itself]
    document = encode(openrpc.document(methods))
    return RpcApi(methods, document)


def _methods(handlers: RpcMethods) -> list[Method]:
    return [
        Method(
            "router.list",
            handlers.all,
            "Returns the whole state: services, nodes, and the reasons why it may be out of date.",
            COMPONENTS.of(State),
            examples=(Example("one service", examples.STATE),),
        ),
        Method(
            "router.services",
            handlers.services,
            "Returns one page of the services that match all parameters.",
            COMPONENTS.of(list[Service]),
            params=(
                *MATCHING,
                Param("limit", whole(1, MAX_PAGE, MAX_PAGE), "most services to return"),
                Param("offset", whole(0, 1_000_000, 0), "how many services to skip first"),
            ),
            description=(
                "`router.count` returns how many services match in all. `router.list` and "
                "`router.health` say whether the services may be out of date."
            ),
            examples=(
                Example("of one context", [examples.SERVICE], {"context": "shop", "limit": 10}),
            ),
        ),
        Method(
            "router.count",
            handlers.count,
            "Returns how many services match all parameters.",
            COMPONENTS.of(Count),
            params=MATCHING,
            examples=(Example("of one context", 1, {"context": "shop"}),),
        ),
        Method(
            "router.service",
            handlers.service,
            "Returns one service with the figures of its last probe and its sockets' addresses.",
            COMPONENTS.of(Detail),
            params=(ONE,),
            examples=(
                Example(
                    "by name",
                    {
                        **examples.SERVICE,
                        "probe": examples.PROBE,
                        "stale": [],
                        "addresses": examples.ADDRESSES,
                        "muted": None,
                    },
                    {"id": "billing"},
                ),
            ),
        ),
        Method(
            "router.logs",
            handlers.logs,
            "Returns the last routing errors of one service, the newest first.",
            COMPONENTS.of(Logs),
            params=(
                ONE,
                Param("limit", whole(1, MOST_KEPT, MOST_KEPT), "most errors to return"),
            ),
            description=(
                "A routing error is a request to the service that failed, or that the service "
                "answered with a status from 500 on. The errors of all workers are listed, up to "
                "a second late; if `complete` is false, Redis did not answer, and only the errors "
                "of the worker that answers are listed."
            ),
            examples=(Example("nothing listened", examples.LOGS, {"id": "billing", "limit": 10}),),
        ),
        Method(
            "router.history",
            handlers.history,
            "Returns the past of all services, or of one: bars, availability, incidents.",
            COMPONENTS.of(History),
            params=(
                Param("span", choice(*VIEWS), f"the time to show, {DEFAULT_SPAN} by default"),
                Param("id", text(), "only this service, by its id or unique name, with `detail`"),
            ),
            description=(
                "The same as `GET /api/history`, which docs/api.md describes. `detail` is null "
                "without `id`."
            ),
            examples=(Example("one service", examples.HISTORY, {"span": "1h", "id": "billing"}),),
        ),
        Method(
            "router.scan",
            handlers.scan,
            "Makes all scanners scan now, and returns the counts of services that they found.",
            COMPONENTS.of(Scan),
            right=SCAN,
            description=(
                f"Every scanner has {WAIT_SECONDS:g} s to reply. `missing` names the nodes that "
                "did not reply. `conditions` says which folders or sockets scanners could not "
                "see. Calls that wait share one scan, so a call may take "
                f"{CALL_SECONDS:g} s."
            ),
            at_once=SCANS_AT_ONCE,
            examples=(Example("nothing new", examples.SCAN),),
        ),
        Method(
            "router.health",
            handlers.health,
            "Returns whether this worker is ready, and the reason if it is not.",
            COMPONENTS.of(Health),
            examples=(Example("ready, while one scanner is gone", examples.HEALTH),),
        ),
    ]
