"""The router's own JSON-RPC methods: their handlers and how the OpenRPC document describes them."""

from collections.abc import Mapping
from typing import Any

from hero_router import __version__
from hero_router.codec import encode
from hero_router.errors import BadRequest
from hero_router.feed.feed import Feed
from hero_router.feed.rescan import CALL_SECONDS, WAIT_SECONDS, ScanCoordinator
from hero_router.feed.view import StateView
from hero_router.model import Status
from hero_router.rpc import openrpc
from hero_router.rpc.dispatcher import DISCOVER, Encoded, Method
from hero_router.rpc.openrpc import named
from hero_router.rpc.params import Choice, Param, Text, Whole

MOST_SERVICES = 1_000
"""Services on one page of `router.services`."""

SCANS_AT_ONCE = 16
"""Calls of `router.scan` that may wait in a worker: they are cheap, but each holds a connection."""

MANIFEST: Mapping[str, str] = {
    "protocol": "openrpc",
    "name": openrpc.TITLE,
    "title": openrpc.TITLE,
    "version": __version__,
    "description": openrpc.ABOUT,
    "socket": "rpc",
}
"""The discovery manifest, with the fields that other services of this kind give."""


class RpcMethods:
    """The methods' handlers. What they give is described in `openrpc.SCHEMAS`."""

    def __init__(
        self, feed: Feed, state: StateView, scanning: ScanCoordinator, worker: str
    ) -> None:
        self._feed, self._state, self._scanning = feed, state, scanning
        self._worker = worker

    async def all(self) -> Encoded:
        """Everything, the same as GET /api/services."""
        return Encoded(self._state.text())

    async def services(
        self, *, limit: int = MOST_SERVICES, offset: int = 0, **wanted: str
    ) -> dict[str, Any]:
        """One page of the records that match."""
        found = self._state.select(**wanted)
        return {
            "cursor": self._state.cursor,
            "services": found[offset : offset + limit],
            "total": len(found),
            "offset": offset,
            "limit": limit,
            "stale": self._state.stale,
        }

    async def service(
        self,
        *,
        id: str | None = None,  # noqa: A002 - what callers name it
        service_id: str | None = None,
    ) -> dict[str, Any]:
        """One record with its live figures."""
        key = id or service_id
        if key is None:
            raise BadRequest("id is missing")
        if id and service_id and id != service_id:
            raise BadRequest("id and service_id are two names of one parameter: give one of them")
        return await self._state.service(key)

    async def scan(self) -> dict[str, Any]:
        """What the scanners found, now."""
        return await self._scanning.scan()

    async def health(self) -> dict[str, object]:
        """What GET /ready knows."""
        return {**self._feed.status(), "worker": self._worker, "version": __version__}


def methods(router: RpcMethods) -> list[Method]:
    """All methods, with the one that describes them."""
    served = [
        Method("router.list", router.all, "All services, nodes and doubts.", named("State")),
        Method(
            "router.services",
            router.services,
            "The services that match, page by page.",
            named("Page"),
            params=(
                Param("context", Text(), "only this context"),
                Param("status", Choice(tuple(map(str, Status))), "only this status"),
                Param("node", Text(), "only this node"),
                Param("limit", Whole(1, MOST_SERVICES, MOST_SERVICES), "most services to give"),
                Param("offset", Whole(0, 1_000_000, 0), "how many services to pass over first"),
            ),
        ),
        Method(
            "router.service",
            router.service,
            "One service with the figures of its last probe.",
            named("Detail"),
            description="One of `id` and `service_id` has to be given.",
            params=(
                Param("id", Text(), "the service's id, or a name that only one service has"),
                Param("service_id", Text(), "the same as id"),
            ),
        ),
        Method(
            "router.scan",
            router.scan,
            "Have the scanners look again now, and tell what they found.",
            named("Scan"),
            description=(
                f"Every scanner has {WAIT_SECONDS:g} s to answer; `missing` names the nodes that "
                "did not, `doubts` tells what scanners could not see. Calls share a scan, so one "
                f"may take {CALL_SECONDS:g} s."
            ),
            at_once=SCANS_AT_ONCE,
        ),
        Method("router.health", router.health, "How able this worker is.", named("Health")),
    ]
    return [*served, _discover(served)]


def _discover(others: list[Method]) -> Method:
    schema = {"type": "object", "required": ["openrpc", "info", "methods"]}

    async def discover() -> Encoded:
        return text

    itself = Method(DISCOVER, discover, "This router's OpenRPC document.", schema)
    text = Encoded(encode(openrpc.document([*others, itself])))
    return itself
