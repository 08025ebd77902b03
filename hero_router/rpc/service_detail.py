"""The answer about one service, the same over JSON-RPC and over HTTP."""

from typing import Any

from hero_router.access.policy import visible
from hero_router.access.principal import Principal
from hero_router.feed.view import StateView
from hero_router.proxy.links import Links


class ServiceDetails:
    """Gives one service as its caller may see it; `links` is None where no service is reached."""

    def __init__(self, state: StateView, links: Links | None) -> None:
        self._state, self._links = state, links

    async def of(self, key: str, caller: Principal) -> dict[str, Any]:
        """One record by id or unique name, with its last probe and its sockets' addresses.

        Raises:
            NotFound, Ambiguous, NotReady: as `StateView.service`.
        """
        shown = visible(caller)
        service = await self._state.service(key, shown)
        addresses = self._links.of(service, shown) if self._links is not None else {}
        return {**service, "addresses": addresses}
