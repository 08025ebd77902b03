"""The JSON API: the whole state, one service, the last events; answered without asking Redis."""

from aiohttp import ETag, web

from hero_router.codec import encode
from hero_router.errors import BadRequest
from hero_router.web.state import State

RECENT, MOST_RECENT = 100, 1000
"""Events that are given where the caller does not say how many, and most that it may ask for."""

CACHE = {"Cache-Control": "no-cache"}


def routes(state: State) -> list[web.RouteDef]:
    """The state, one record of it, and the last events."""

    async def services(request: web.Request) -> web.Response:
        """All services, nodes and doubts; 304 to whoever has just this already."""
        view = state.view()
        if _has(request, view.tag):
            response = web.Response(status=304, headers=CACHE)
        else:
            response = _json(state.text())
        response.etag = ETag(view.tag, is_weak=True)
        return response

    async def service(request: web.Request) -> web.Response:
        """One record, by id or unique name, with the figures of its last probe."""
        return _json(encode(await state.service(request.match_info["key"])))

    async def recent(request: web.Request) -> web.Response:
        """The last `n` events of the window. Raises BadRequest."""
        return _json(state.recent(_number(request.query.get("n", str(RECENT)))))

    return [
        web.get("/api/services", services),
        web.get("/api/services/{key}", service),
        web.get("/api/events/recent", recent),
    ]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 0 < int(text) <= MOST_RECENT):
        raise BadRequest(f"n: a whole number from 1 to {MOST_RECENT}")
    return int(text)


def _has(request: web.Request, tag: str) -> bool:
    """Whether `If-None-Match` names the tag; `*` is any."""
    return any(item.value in (tag, "*") for item in request.if_none_match or ())


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json", headers=CACHE)
