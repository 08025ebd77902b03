"""The router's own JSON-RPC methods: their handlers and how the OpenRPC document describes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hero_router import __version__
from hero_router.access.policy import visible
from hero_router.access.principal import Principal
from hero_router.codec import encode
from hero_router.feed.feed import Feed
from hero_router.feed.rescan import CALL_SECONDS, WAIT_SECONDS, ScanCoordinator
from hero_router.feed.view import StateView
from hero_router.model import Status
from hero_router.rpc import examples, openrpc
from hero_router.rpc.dispatcher import DISCOVER, Encoded, Method
from hero_router.rpc.examples import Example
from hero_router.rpc.json_schema import choice, text, whole
from hero_router.rpc.openrpc import COMPONENTS
from hero_router.rpc.params import Param
from hero_router.rpc.results import Count, Detail, Health, Scan, Service, State

MAX_PAGE = 1_000
"""Services on one page of `router.services`."""

SCANS_AT_ONCE = 16
"""Calls of `router.scan` that may wait in a worker. They are cheap, but each holds a connection."""

MANIFEST: Mapping[str, str] = {
    "protocol": "openrpc",
    "name": openrpc.TITLE,
    "title": openrpc.TITLE,
    "version": __version__,
    "description": openrpc.ABOUT,
    "socket": "rpc",
}
"""The router's own discovery manifest, with the fields that services give in theirs."""


class RpcMethods:
    """The methods' handlers. Each gets the caller first; `rpc.results` has what they answer."""

    def __init__(
        self, feed: Feed, state: StateView, scanning: ScanCoordinator, worker: str
    ) -> None:
        self._feed, self._state, self._scanning = feed, state, scanning
        self._worker = worker

    async def all(self, caller: Principal) -> Encoded:
        """Everything that the caller may see, the same as GET /api/services."""
        return Encoded(self._state.text(visible(caller)))

    async def services(
        self, caller: Principal, *, limit: int = MAX_PAGE, offset: int = 0, **fields: str
    ) -> list[dict[str, Any]]:
        """One page of the records that match."""
        return self._state.select(visible(caller), **fields)[offset : offset + limit]

    async def count(self, caller: Principal, **fields: str) -> int:
        """How many records match."""
        return len(self._state.select(visible(caller), **fields))

    async def service(self, caller: Principal, *, id: str) -> dict[str, Any]:  # noqa: A002 - as callers name it
        """One record with its live figures."""
        return await self._state.service(id, visible(caller))

    async def scan(self, _: Principal) -> dict[str, Any]:
        """What the scanners found, now."""
        return await self._scanning.scan()

    async def health(self, _: Principal) -> dict[str, object]:
        """The same as GET /ready."""
        return {**self._feed.status(), "worker": self._worker, "version": __version__}


MATCHING = (
    Param("context", text(), "only this context"),
    Param("status", choice(*map(str, Status)), "only this status"),
    Param("node", text(), "only this node"),
)
"""Parameters that choose among the services."""


@dataclass(frozen=True, slots=True)
class RpcApi:
    """All methods, and the OpenRPC document that describes them, as JSON."""

    methods: Sequence[Method]
    document: str


def rpc_api(handlers: RpcMethods) -> RpcApi:
    """The router's API over these handlers."""

    async def discover(_: Principal) -> Encoded:
        return Encoded(document)

    schema = {"type": "object", "required": ["openrpc", "info", "methods"]}
    itself = Method(DISCOVER, discover, "This router's OpenRPC document.", schema)
    methods = [*_methods(handlers), itself]
    document = encode(openrpc.document(methods))
    return RpcApi(methods, document)


def _methods(handlers: RpcMethods) -> list[Method]:
    return [
        Method(
            "router.list",
            handlers.all,
            "Everything at one position: services, nodes, and why it may be out of date.",
            COMPONENTS.of(State),
            examples=(Example("one service", examples.STATE),),
        ),
        Method(
            "router.services",
            handlers.services,
            "The services that match, page by page.",
            COMPONENTS.of(list[Service]),
            params=(
                *MATCHING,
                Param("limit", whole(1, MAX_PAGE, MAX_PAGE), "most services to answer"),
                Param("offset", whole(0, 1_000_000, 0), "how many services to pass over first"),
            ),
            description=(
                "`router.count` answers how many there are in all. `router.list` and "
                "`router.health` say whether they may be out of date."
            ),
            examples=(
                Example("of one context", [examples.SERVICE], {"context": "shop", "limit": 10}),
            ),
        ),
        Method(
            "router.count",
            handlers.count,
            "How many services match.",
            COMPONENTS.of(Count),
            params=MATCHING,
            examples=(Example("of one context", 1, {"context": "shop"}),),
        ),
        Method(
            "router.service",
            handlers.service,
            "One service with the figures of its last probe.",
            COMPONENTS.of(Detail),
            params=(
                Param(
                    "id",
                    text(),
                    "the service's id, or a name that only one service has",
                    required=True,
                    old_name="service_id",
                ),
            ),
            examples=(
                Example(
                    "by name",
                    {**examples.SERVICE, "probe": examples.PROBE, "stale": []},
                    {"id": "billing"},
                ),
            ),
        ),
        Method(
            "router.scan",
            handlers.scan,
            "Make the scanners scan now, and answer what they found.",
            COMPONENTS.of(Scan),
            description=(
                f"Every scanner has {WAIT_SECONDS:g} s to answer. `missing` names the nodes that "
                "did not. `conditions` says what scanners could not see. Calls share one: a call "
                f"may take {CALL_SECONDS:g} s."
            ),
            at_once=SCANS_AT_ONCE,
            examples=(Example("nothing new", examples.SCAN),),
        ),
        Method(
            "router.health",
            handlers.health,
            "Whether this worker is ready, and if not, why.",
            COMPONENTS.of(Health),
            examples=(Example("ready, while one scanner is gone", examples.HEALTH),),
        ),
    ]
