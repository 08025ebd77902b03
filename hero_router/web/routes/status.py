"""`/status` says whether all services are well, `/badge/…` shows a service's status as an image."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from aiohttp import web

from hero_router.access.policy import visible
from hero_router.errors import NotReady
from hero_router.feed.filters import Filter
from hero_router.feed.json_answers import JsonAnswers
from hero_router.feed.overall_health import OverallHealth, Selection, summarize, unread
from hero_router.severity import most_severe
from hero_router.web.badge import NO_SERVICE, NOT_KNOWN, draw, draw_status
from hero_router.web.encoding import JSON, Document, packed
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.negotiation import preferred
from hero_router.web.summary_formats import as_json, as_page, as_text

SVG = "image/svg+xml"
CACHE = "no-cache"

PARAMETERS = ("context", "node", "service", "ignore", "well")

PLAIN, HTML = "text/plain", "text/html"
RELOAD = "reload"
"""`?reload=off`: the page does not load itself again, as for a person who needs longer to read."""

_FORMS: Mapping[str, tuple[str, Callable[..., str]]] = {
    "application/json": (JSON, as_json),
    PLAIN: ("text/plain; charset=utf-8", as_text),
    HTML: ("text/html; charset=utf-8", as_page),
}
"""Media types with the functions that write them; a client that likes several gets the first."""


def routes(state: JsonAnswers) -> list[web.RouteDef]:
    """The routes of the summary and the badges."""

    async def status(request: web.Request) -> web.Response:
        """200 if all services are well, else 503; JSON, text or a page, by `Accept`.

        `context`, `node` and `service` select services, `ignore` leaves some out, and `well` names
        further statuses that count as well. Raises BadRequest.
        """
        kind = preferred(request.headers.get("Accept", ""), tuple(_FORMS)) or "application/json"
        answer = await _status(request, kind)
        answer.headers["Vary"] = "Accept, Accept-Encoding"
        return answer

    async def text(request: web.Request) -> web.Response:
        """The same as text, whatever the client accepts."""
        return await _status(request, PLAIN)

    async def _status(request: web.Request, kind: str) -> web.Response:
        asked = {name: request.query.getall(name, []) for name in PARAMETERS}
        summary = _summary(state, Selection.of(**asked), visible(request[PRINCIPAL]))
        media_type, write = _FORMS[kind]
        how = _reloading(request) if kind == HTML else {}
        body = write(summary, state.stamp(), **how)
        answer = await packed(request, body.encode("utf-8", "replace"), media_type, "no-store")
        answer.set_status(200 if summary.well else 503)
        return answer

    async def badge(request: web.Request) -> web.Response:
        """The worst status of the services with this name or id, as a small SVG image."""
        name, context = request.match_info["service"], request.match_info.get("context")
        contexts = frozenset({context} if context else ())
        wanted = Selection(contexts, services=frozenset({name}))
        summary = _summary(state, wanted, visible(request[PRINCIPAL]))
        if summary.total == 0:
            return _no_badge(name, NO_SERVICE, 404)
        if summary.counts is None:
            return _no_badge(name, NOT_KNOWN, 503)
        if any(item["node"] is None for item in summary.stale):
            return _document(draw(name, NOT_KNOWN)).answer(request, CACHE)
        return _document(draw_status(name, most_severe(summary.counts))).answer(request, CACHE)

    return [
        web.get("/status", status),
        web.get("/status.txt", text),
        web.get("/badge/{service:[^/]+}.svg", badge),
        web.get("/badge/{context:[^/]+}/{service:[^/]+}.svg", badge),
    ]


def _reloading(request: web.Request) -> Mapping[str, Any]:
    """Whether the page loads itself again, and the query of the page that does the opposite."""
    reloads = request.query.get(RELOAD) != "off"
    rest = request.rel_url.without_query_params(RELOAD)
    other = rest.update_query({RELOAD: "off"}) if reloads else rest
    return {"reloads": reloads, "other": other.raw_query_string}


def _summary(state: JsonAnswers, wanted: Selection, shown: Filter | None) -> OverallHealth:
    try:
        summary = summarize(state.select(shown), state.stale(shown), wanted)
    except NotReady as error:
        summary = unread(error, state.stale(shown))
    return replace(summary, contexts=sorted(shown.contexts) if shown else None)


@lru_cache(maxsize=256)
def _document(svg: str) -> Document:
    """A badge with its ETag; many clients ask for the same one."""
    return Document.of(svg.encode("utf-8", "replace"), SVG)


def _no_badge(name: str, message: str, status: int) -> web.Response:
    """A badge that says why there is none; a browser shows it also with this status."""
    headers = {"Content-Type": SVG, "Cache-Control": "no-store"}
    body = draw(name, message).encode("utf-8", "replace")
    return web.Response(body=body, status=status, headers=headers)
