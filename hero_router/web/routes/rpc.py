"""`POST /rpc`, and the documents that describe it to other programs: OpenRPC and manifest."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from hero_router.feed.rescan import CALL_SECONDS
from hero_router.rpc.dispatcher import Dispatcher
from hero_router.rpc.methods import MANIFEST, RpcApi
from hero_router.strict_json import encode
from hero_router.web.body import BodyReader
from hero_router.web.encoding import JSON, Document, packed
from hero_router.web.errors import REQUEST_ID
from hero_router.web.middleware import PRINCIPAL

CLOSING_SECONDS = 5.0
"""Seconds that a call may take beyond the longest scan."""


def routes(api: RpcApi, bodies: BodyReader) -> list[web.RouteDef]:
    """The routes of JSON-RPC, its OpenRPC document and the manifest."""
    dispatcher = Dispatcher(api.methods, timeout=CALL_SECONDS + CLOSING_SECONDS)

    async def rpc(request: web.Request) -> web.Response:
        """Answer one JSON-RPC body; 204 when it held only notifications.

        Errors of JSON-RPC are HTTP 200: the transport has worked.
        """
        if not _is_json(request):
            raise web.HTTPUnsupportedMediaType
        async with bodies.read(request) as body:
            answer = await dispatcher.answer(body, request[PRINCIPAL], request[REQUEST_ID])
        if answer is None:
            return web.Response(status=204)
        return await packed(request, answer, JSON, "no-store")

    return [
        web.post("/rpc", rpc),
        web.get("/openrpc.json", _constant(api.document)),
        web.get("/.well-known/heroservice.json", _constant(encode(MANIFEST))),
    ]


def _constant(text: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    document = Document.of(text.encode("ascii"), JSON)

    async def answer(request: web.Request) -> web.Response:
        return document.answer(request, "no-cache")

    return answer


def _is_json(request: web.Request) -> bool:
    """Refuse forms and text: browsers let other sites' pages send those without asking."""
    charset = (request.charset or "utf-8").lower()
    return request.content_type == "application/json" and charset in ("utf-8", "utf8")
