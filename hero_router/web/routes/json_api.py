"""The JSON API: the whole state, one service, the nodes, the newest events; from memory.

Only the last probe and the last errors of one service are read from Redis.
"""

from dataclasses import asdict

from aiohttp import ETag, web

from hero_router.access.policy import visible
from hero_router.errors import BadRequest
from hero_router.feed.filters import Filter
from hero_router.feed.json_answers import MOST_VIEWS, JsonAnswers
from hero_router.rpc.service_detail import ServiceDetails
from hero_router.store.routing_errors import MOST_KEPT
from hero_router.store.webhook import WebhookStore
from hero_router.strict_json import encode
from hero_router.web.encoding import JSON, encoding_headers, has, packed, takes_gzip
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.state_compressor import StateCompressor
from hero_router.web.webhook_status_reader import read_status

RECENT, MAX_RECENT = 100, 1000
"""How many events `/api/events/recent` returns by default, and at most."""

CACHE = "no-store"
"""A browser that had an answer from its cache would take the times in it for those of a new one."""


def routes(
    state: JsonAnswers, details: ServiceDetails, webhook: WebhookStore
) -> list[web.RouteDef]:
    """The routes of the whole state, one service with its errors, and the newest events."""
    compressors: dict[Filter | None, StateCompressor] = {}

    def compressor(shown: Filter | None) -> StateCompressor:
        if shown not in compressors and len(compressors) >= MOST_VIEWS:
            del compressors[next(iter(compressors))]
        return compressors.setdefault(shown, StateCompressor(state, shown))

    async def services(request: web.Request) -> web.Response:
        """All services, nodes and conditions; 304 to a client that has this state already.

        The ETag is weak, and the same with and without gzip: it names the state. The bytes of two
        answers with the same state differ in their times.
        """
        shown = visible(request[PRINCIPAL])
        view, stamp = state.view(shown), state.stamp()
        wanted = takes_gzip(request, len(view.text))
        if has(request, view.tag):
            response = web.Response(status=304, headers=encoding_headers(packed=False))
        elif wanted:
            view, begun = await compressor(shown).latest()  # no older than the times in `stamp`
            response = _json(begun.ended(view.end(stamp).encode("ascii")), packed=True)
        else:
            response = _json(view.at(stamp).encode("ascii"), packed=False)
        response.headers["Cache-Control"] = CACHE
        response.etag = ETag(view.tag, is_weak=True)
        return response

    async def service(request: web.Request) -> web.Response:
        """One record, by id or unique name, with its last probe and its sockets' addresses."""
        text = encode(await details.of(request.match_info["key"], request[PRINCIPAL]))
        return await packed(request, text.encode("ascii"), JSON, CACHE)

    async def errors(request: web.Request) -> web.Response:
        """The last routing errors of one service, by id or unique name."""
        found = await details.errors(request.match_info["key"], request[PRINCIPAL], MOST_KEPT)
        return await packed(request, encode(found).encode("ascii"), JSON, CACHE)

    async def nodes(request: web.Request) -> web.Response:
        """The nodes, as their scanners last reported, the conditions, and the webhook's queue.

        The webhook tells of all contexts: to who may see some only, it is null.
        """
        shown = visible(request[PRINCIPAL])
        found = None if shown else await read_status(webhook)
        text = state.nodes(shown, asdict(found) if found else None)
        return await packed(request, text.encode("ascii"), JSON, CACHE)

    async def recent(request: web.Request) -> web.Response:
        """The newest `n` events. Raises BadRequest."""
        number = _number(request.query.get("n", str(RECENT)))
        text = state.recent(number, visible(request[PRINCIPAL]))
        return await packed(request, text.encode("ascii"), JSON, CACHE)

    return [
        web.get("/api/services", services),
        web.get("/api/services/{key}", service),
        web.get("/api/services/{key}/errors", errors),
        web.get("/api/nodes", nodes),
        web.get("/api/events/recent", recent),
    ]


def _json(body: bytes, *, packed: bool) -> web.Response:
    return web.Response(
        body=body, headers={"Content-Type": JSON, **encoding_headers(packed=packed)}
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 0 < int(text) <= MAX_RECENT):
        raise BadRequest(f"n must be a whole number from 1 to {MAX_RECENT}")
    return int(text)
