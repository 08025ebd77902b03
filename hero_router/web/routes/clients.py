"""`GET /api/clients`: the clients of all workers, and how many events each is behind.

Addresses of clients are personal data, so the group of this route lets only administrators in.
"""

from collections.abc import Callable

from aiohttp import web

from hero_router.singleflight import SingleFlight
from hero_router.store.stream_clients import ClientList, ClientListStore
from hero_router.strict_json import encode
from hero_router.web.client_list_publisher import merged
from hero_router.web.encoding import JSON, packed


def routes(client_lists: ClientListStore, now_ms: Callable[[], int]) -> list[web.RouteDef]:
    """The route `/api/clients`. Requests that arrive while Redis is being read share the answer.

    `now_ms` gives Unix ms by Redis's clock.
    """
    flights: list[SingleFlight[dict[str, ClientList]]] = []

    async def clients(request: web.Request) -> web.Response:
        """All connected clients. Raises StoreError."""
        if not flights:
            flights.append(SingleFlight(client_lists.read()))
        flight = flights[0]
        try:
            entries = await flight.result()
        finally:
            if flights and flights[0] is flight:
                flights.clear()
        text = encode(merged(entries, now_ms()))
        return await packed(request, text.encode("ascii"), JSON, "no-store")

    return [web.get("/api/clients", clients)]
