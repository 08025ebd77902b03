"""`/health`: 200 while the event loop runs. `/ready`: 200 while this worker is up to date.

Both are for load balancers. `worker` is this worker's name.
"""

from aiohttp import web

from hero_router import __version__
from hero_router.access.policy import LOOK, Extent, visible
from hero_router.feed.feed import Feed
from hero_router.web.middleware import PRINCIPAL


def alive(worker: str) -> list[web.RouteDef]:
    """The route `/health`."""

    async def health(_: web.Request) -> web.Response:
        """Answer 200 while the event loop runs, whatever else is broken."""
        return web.json_response({"status": "ok", "worker": worker, "version": __version__})

    return [web.get("/health", health)]


def able(feed: Feed, worker: str) -> list[web.RouteDef]:
    """The route `/ready`."""

    async def ready(request: web.Request) -> web.Response:
        """Answer 200 while this worker follows the stream, else 503.

        Only callers who may see services get the reason and details; others get one word.
        """
        caller = request[PRINCIPAL]
        state: dict[str, object] = {"ready": feed.ready}
        if LOOK.extent(caller) is not Extent.NO:
            state = {**feed.status(visible(caller)), "worker": worker, "version": __version__}
        return web.json_response(state, status=200 if feed.ready else 503)

    return [web.get("/ready", ready)]
