"""`/health`: 200 while the event loop runs. `/ready`: 200 while this worker is up to date."""

from aiohttp import web

from hero_router import __version__
from hero_router.feed.feed import Feed


def routes(feed: Feed, worker: str) -> list[web.RouteDef]:
    """The two routes for load balancers; `worker` is this worker's name."""

    async def health(_: web.Request) -> web.Response:
        """Answer 200 while the event loop runs, whatever else is broken."""
        return web.json_response({"status": "ok", "worker": worker, "version": __version__})

    async def ready(_: web.Request) -> web.Response:
        """Answer 200 while this worker follows the stream, else 503 with the reason."""
        state = {**feed.status(), "worker": worker, "version": __version__}
        return web.json_response(state, status=200 if feed.ready else 503)

    return [web.get("/health", health), web.get("/ready", ready)]
