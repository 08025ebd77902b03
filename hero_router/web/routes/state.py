"""The JSON API: the whole state, one service, the last events; answered without asking Redis."""

from aiohttp import ETag, web

from hero_router.codec import encode
from hero_router.errors import BadRequest
from hero_router.feed.view import StateView
from hero_router.web.compression import StateCompressor
from hero_router.web.encoding import JSON, has, packed, takes_gzip, told

RECENT, MOST_RECENT = 100, 1000
"""Events that are given where the caller does not say how many, and most that it may ask for."""

CACHE = "no-cache"


def routes(state: StateView) -> list[web.RouteDef]:
    """The state, one record of it, and the last events."""
    packing = StateCompressor(state)

    async def services(request: web.Request) -> web.Response:
        """All services, nodes and doubts; 304 to whoever has just this already.

        The tag is weak, and one for both forms: it names the state, and the bytes of two answers
        with the same state differ in the times that they tell.
        """
        view, stamp = state.view(), state.stamp()
        wanted = takes_gzip(request, len(view.text))
        if has(request, view.tag):
            response = web.Response(status=304, headers=told(packed=False))
        elif wanted:
            view, begun = await packing.latest()  # no older than the times, which stay true
            response = _json(begun.ended(view.end(stamp).encode("ascii")), packed=True)
        else:
            response = _json(view.at(stamp).encode("ascii"), packed=False)
        response.headers["Cache-Control"] = CACHE
        response.etag = ETag(view.tag, is_weak=True)
        return response

    async def service(request: web.Request) -> web.Response:
        """One record, by id or unique name, with the figures of its last probe."""
        text = encode(await state.service(request.match_info["key"]))
        return await packed(request, text.encode("ascii"), JSON, CACHE)

    async def recent(request: web.Request) -> web.Response:
        """The last `n` events of the window. Raises BadRequest."""
        text = state.recent(_number(request.query.get("n", str(RECENT))))
        return await packed(request, text.encode("ascii"), JSON, CACHE)

    return [
        web.get("/api/services", services),
        web.get("/api/services/{key}", service),
        web.get("/api/events/recent", recent),
    ]


def _json(body: bytes, *, packed: bool) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": JSON, **told(packed=packed)})


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 0 < int(text) <= MOST_RECENT):
        raise BadRequest(f"n: a whole number from 1 to {MOST_RECENT}")
    return int(text)
