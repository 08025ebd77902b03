"""`/health`: the loop turns. `/ready`: this worker can tell the truth now, so send it clients."""

from aiohttp import web

from hero_router import __version__
from hero_router.web.context import CONTEXT, Context


async def health(request: web.Request) -> web.Response:
    """Answer 200 for as long as the event loop turns, whatever else is broken."""
    worker = request.app[CONTEXT].worker
    return web.json_response({"status": "ok", "worker": worker, "version": __version__})


async def ready(request: web.Request) -> web.Response:
    """Answer 200 while the tail is current and the window is warm, else 503 with the reason."""
    state = readiness(request.app[CONTEXT])
    return web.json_response(state, status=200 if state["ready"] else 503)


def readiness(context: Context) -> dict[str, object]:
    """Whether this worker is able, and why not; also told by the `router.health` method."""
    feed = context.feed
    doubts = [item.to_json() for item in feed.conditions.current.values()]
    return {
        "ready": feed.ready,
        "reason": "" if feed.ready else _reason(context),
        "cursor": str(feed.ring.head),
        "window": len(feed.ring.positions),
        "clients": len(feed.hub.clients),
        "stale": doubts,
        "worker": context.worker,
        "version": __version__,
    }


def _reason(context: Context) -> str:
    feed = context.feed
    if feed.draining:
        return "shutting down"
    lost = feed.conditions.blinding
    return lost.detail if lost else "not yet read from Redis"


def routes() -> list[web.RouteDef]:
    """The two questions that load balancers and people ask."""
    return [web.get("/health", health), web.get("/ready", ready)]
