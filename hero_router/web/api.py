"""The JSON API: the whole state, and one service; answered from the mirror, never from Redis."""

from aiohttp import ETag, web

from hero_router.codec import encode
from hero_router.web.state import State

CACHE = {"Cache-Control": "no-cache"}


def routes(state: State) -> list[web.RouteDef]:
    """The state, and one record of it."""

    async def services(request: web.Request) -> web.Response:
        """All services, nodes and doubts; 304 to whoever has just this already."""
        view = state.view()
        if _has(request, view.tag):
            response = web.Response(status=304, headers=CACHE)
        else:
            response = _json(view.at(state.now_ms()))
        response.etag = ETag(view.tag, is_weak=True)
        return response

    async def service(request: web.Request) -> web.Response:
        """One record, by id or unique name, with the figures of its last probe."""
        return _json(encode(await state.service(request.match_info["key"])))

    return [web.get("/api/services", services), web.get("/api/services/{key}", service)]


def _has(request: web.Request, tag: str) -> bool:
    """Whether `If-None-Match` names the tag; `*` is any."""
    return any(item.value in (tag, "*") for item in request.if_none_match or ())


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json", headers=CACHE)
