"""The answers about one service, the same over JSON-RPC and over HTTP."""

from typing import Any

from hero_router.access.policy import visible
from hero_router.access.principal import ADMIN, Principal
from hero_router.feed.view import StateView
from hero_router.proxy.links import Links
from hero_router.proxy.routing_errors import RoutingErrors


class ServiceDetails:
    """Gives one service as its caller may see it."""

    def __init__(self, state: StateView, links: Links, errors: RoutingErrors) -> None:
        self._state, self._links, self._errors = state, links, errors

    async def of(self, key: str, caller: Principal) -> dict[str, Any]:
        """One record by id or unique name, with its last probe and its sockets' addresses.

        There are no addresses for those who may call no service.

        Raises:
            NotFound, Ambiguous, NotReady: as `StateView.service`.
        """
        shown = visible(caller)
        service = await self._state.service(key, shown)
        addresses = self._links.of(service, shown) if ADMIN in caller.roles else {}
        return {**service, "addresses": addresses}

    async def errors(self, key: str, caller: Principal, limit: int) -> dict[str, Any]:
        """The last routing errors of one service, by id or unique name, the newest first.

        Raises:
            NotFound, Ambiguous, NotReady: as `StateView.service`.
        """
        record = self._state.find(key, visible(caller))
        found = await self._errors.recent(str(record["id"]), limit)
        return {"service_id": record["id"], **found._asdict()}
