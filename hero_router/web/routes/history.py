"""The JSON API of the history: bars, availability and incidents of services, read from Redis."""

import hashlib

from aiohttp import ETag, web

from hero_router.errors import BadRequest
from hero_router.history.span_summary import DEFAULT_SPAN, VIEWS
from hero_router.rpc.history_answers import ServiceHistories
from hero_router.strict_json import encode
from hero_router.web.encoding import JSON, encoding_headers, has, packed
from hero_router.web.middleware import PRINCIPAL

CACHE = "no-cache"


def routes(histories: ServiceHistories) -> list[web.RouteDef]:
    """The route of the past of all services, or of one."""

    async def history(request: web.Request) -> web.Response:
        """The past over `span`, with the detail of `service`; 304 to a client that has it already.

        The ETag is weak, as that of the state. Raises BadRequest.
        """
        span, caller = _span(request), request[PRINCIPAL]
        if service := request.query.get("service"):
            text = encode(await histories.one(span, service, caller))
        else:
            text = await histories.all(span, caller)
        body = text.encode("ascii")
        tag = hashlib.blake2b(body, digest_size=12).hexdigest()
        if has(request, tag):
            headers = {"Cache-Control": CACHE, **encoding_headers(packed=False)}
            response = web.Response(status=304, headers=headers)
        else:
            response = await packed(request, body, JSON, CACHE)
        response.etag = ETag(tag, is_weak=True)
        return response

    return [web.get("/api/history", history)]


def _span(request: web.Request) -> str:
    span = request.query.get("span", DEFAULT_SPAN)
    if span not in VIEWS:
        raise BadRequest(f"span must be one of {', '.join(VIEWS)}")
    return span
