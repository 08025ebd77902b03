"""`GET /api/services/{key}/document`: the OpenRPC document of one service, from Redis."""

from aiohttp import ETag, web

from hero_router.rpc.service_detail import ServiceDetails
from hero_router.strict_json import encode
from hero_router.web.encoding import JSON, encoding_headers, has, packed
from hero_router.web.middleware import PRINCIPAL

CACHE = "no-cache"


def routes(details: ServiceDetails) -> list[web.RouteDef]:
    """The route of the documents."""

    async def document(request: web.Request) -> web.Response:
        """The document of a service that the caller may see; 304 to a client that has it already.

        The ETag is weak, and the same with and without gzip: it is the digest of the document.
        """
        digest, found = await details.document(request.match_info["key"], request[PRINCIPAL])
        if has(request, digest):
            headers = {"Cache-Control": CACHE, **encoding_headers(packed=False)}
            response = web.Response(status=304, headers=headers)
        else:
            response = await packed(request, encode(found).encode("ascii"), JSON, CACHE)
        response.etag = ETag(digest, is_weak=True)
        return response

    return [web.get("/api/services/{key}/document", document)]
