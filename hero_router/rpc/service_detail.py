"""The answers about one service, the same over JSON-RPC and over HTTP."""

from collections.abc import Mapping
from typing import Any

from hero_router.access.policy import visible
from hero_router.access.principal import ADMIN, Principal
from hero_router.errors import NotFound
from hero_router.feed.json_answers import JsonAnswers
from hero_router.proxy.routing_error_log import RoutingErrors
from hero_router.proxy.service_urls import Links
from hero_router.store.document_reader import SpecReader


class ServiceDetails:
    """Answers with one service, if the caller may see it."""

    def __init__(
        self, state: JsonAnswers, links: Links, errors: RoutingErrors, specs: SpecReader
    ) -> None:
        self._state, self._links, self._errors, self._specs = state, links, errors, specs

    async def of(self, key: str, caller: Principal) -> dict[str, Any]:
        """One record by id or unique name, with its last probe and its sockets' addresses.

        There are no addresses for callers that may not call services.

        Raises:
            NotFound, Ambiguous, NotReady: as `JsonAnswers.service`.
        """
        shown = visible(caller)
        service = await self._state.service(key, shown)
        addresses = self._links.of(service, shown) if ADMIN in caller.roles else {}
        return {"muted": None, **service, "addresses": addresses}

    async def errors(self, key: str, caller: Principal, limit: int) -> dict[str, Any]:
        """The last routing errors of one service, by id or unique name, the newest first.

        Raises:
            NotFound, Ambiguous, NotReady: as `JsonAnswers.service`.
        """
        record = self._state.find(key, visible(caller))
        found = await self._errors.recent(str(record["id"]), limit)
        return {"service_id": record["id"], **found._asdict()}

    async def document(self, key: str, caller: Principal) -> tuple[str, Mapping[str, Any]]:
        """The OpenRPC document of one service, by id or unique name, and the document's digest.

        Raises:
            NotFound: as `JsonAnswers.service`, or the router has no document of the service.
            Ambiguous, NotReady: as `JsonAnswers.service`.
            StoreError: Redis does not answer.
        """
        record = self._state.find(key, visible(caller))
        digest = str(record.get("document") or "")
        if not digest:
            raise NotFound("the service has no OpenRPC document")
        document = await self._specs.read(str(record["node"]), digest)
        if document is None:
            raise NotFound("the service's OpenRPC document is not stored, because it is too large")
        return digest, document
