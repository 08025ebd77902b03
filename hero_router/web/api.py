"""The JSON API: the whole state, and one service; answered from the mirror, never from Redis."""

from aiohttp import ETag, web

from hero_router.codec import encode
from hero_router.web.encoding import JSON, has, packed, takes_gzip, told
from hero_router.web.packing import Packing
from hero_router.web.state import State

CACHE = "no-cache"


def routes(state: State) -> list[web.RouteDef]:
    """The state, and one record of it."""
    packing = Packing(state)

    async def services(request: web.Request) -> web.Response:
        """All services, nodes and doubts; 304 to whoever has just this already.

        The tag is weak, and one for both forms: it names the state, and the bytes of two answers
        with the same state differ in the time that they tell.
        """
        view = state.view()
        wanted = takes_gzip(request, len(view.text))
        if has(request, view.tag):
            response = web.Response(status=304, headers=told(packed=False))
        elif wanted:
            view, begun = await packing.latest()
            response = _json(begun.ended(view.end(state.now_ms()).encode("ascii")), packed=True)
        else:
            response = _json(view.at(state.now_ms()).encode("ascii"), packed=False)
        response.headers["Cache-Control"] = CACHE
        response.etag = ETag(view.tag, is_weak=True)
        return response

    async def service(request: web.Request) -> web.Response:
        """One record, by id or unique name, with the figures of its last probe."""
        text = encode(await state.service(request.match_info["key"]))
        return await packed(request, text.encode("ascii"), JSON, CACHE)

    return [web.get("/api/services", services), web.get("/api/services/{key}", service)]


def _json(body: bytes, *, packed: bool) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": JSON, **told(packed=packed)})
