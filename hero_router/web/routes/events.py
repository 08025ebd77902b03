"""`GET /api/events`: begins an event stream, and subscribes its connection to the hub."""

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from aiohttp import web

from hero_router import sse, sse_to_ndjson
from hero_router.access.policy import narrowed, visible
from hero_router.errors import BadRequest
from hero_router.feed.filters import Filter
from hero_router.feed.hub import Hub
from hero_router.feed.subscribers import DEFAULT_OPTIONS, SubscribeOptions
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.negotiation import preferred
from hero_router.web.stream_connection import (
    Chunks,
    Connection,
    Connections,
    Rewrite,
    unchanged,
    unchunked,
)

log = logging.getLogger(__name__)

LONGEST_CURSOR = 64
"""Maximum number of characters of a position; a longer one is cut here, and then counts as
unknown."""

COME_BACK_MS = 30_000, 60_000
"""Reconnect delay of a client that has too many streams: shortest and longest, in ms. The answer is
a stream that ends, because a browser never reconnects after an error status."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of the stream: its response headers, and how SSE frames are rewritten to it."""

    headers: Mapping[str, str]
    rewrite: Rewrite


SSE, NDJSON = "text/event-stream", sse_to_ndjson.MEDIA_TYPE

FORMATS: Mapping[str, Format] = {
    SSE: Format(sse.HEADERS, unchanged),
    NDJSON: Format(sse_to_ndjson.HEADERS, sse_to_ndjson.lines),
}
"""The formats by media type. Both have the same frames; a client that likes both gets the first."""


def routes(hub: Hub, connections: Connections) -> list[web.RouteDef]:
    """The routes of the event stream: `/api/events` and `/events`."""
    chunks = {kind: Chunks(form.rewrite) for kind, form in FORMATS.items()}

    async def events(request: web.Request) -> web.StreamResponse:
        """Stream the events after the client's position, as Server-Sent Events or NDJSON.

        `types`, `context` and `service` choose among them. With `conflate=1` a client that has
        fallen behind gets only the newest event of each service.

        Raises:
            BadRequest: a parameter breaks its rule.
            Forbidden: the caller may see none of the requested contexts.
            HTTPNotAcceptable: the client accepts no event streams; it would wait without end for
                the end of the answer.
        """
        kind = preferred(request.headers.get("Accept", ""), tuple(FORMATS))
        if kind is None:
            raise web.HTTPNotAcceptable
        principal = request[PRINCIPAL]
        asked, shown = _options(request), visible(principal)
        options = replace(asked, filter=narrowed(principal, asked.filter), shown=shown)
        rewrite = FORMATS[kind].rewrite
        response = web.StreamResponse(headers={**FORMATS[kind].headers, "Vary": "Accept"})
        response.force_close()
        writer = await response.prepare(request)
        transport = request.transport
        if request.method == "HEAD" or writer is None or transport is None:
            return response
        slot = connections.quota.take(principal.address)
        if slot is None:
            log.warning(
                "refused an event stream of the client %s: too many are open in this web worker, "
                "in total or from this address (ROUTER_STREAMS_PER_ADDRESS); the client is told to "
                "reconnect later",
                principal.address,
            )
            later = sse.retry(random.randint(*COME_BACK_MS))  # noqa: S311 - no secret
            await response.write(rewrite(later))
            return response
        writer.send_headers()
        chunked = request.version >= (1, 1)
        encode, end_mark = (chunks[kind], Chunks.END) if chunked else (unchunked(rewrite), b"")
        connection = Connection(hub, connections, encode, end_mark)
        connection.take_over(request, transport, _cursor(request), options, principal, slot)
        return response

    return [web.get(path, events) for path in ("/api/events", "/events")]


def _cursor(request: web.Request) -> str | None:
    """A client's last position: `Last-Event-ID`, else `?cursor=` or `?after=`; None if new."""
    asked = request.query
    given = request.headers.get("Last-Event-ID") or asked.get("cursor") or asked.get("after")
    return given[:LONGEST_CURSOR] if given else None


def _options(request: web.Request) -> SubscribeOptions:
    asked = request.query
    if not asked:
        return DEFAULT_OPTIONS
    lists = (asked.getall(name, []) for name in ("types", "context", "service"))
    conflate = asked.get("conflate", "0")
    if conflate not in ("0", "1"):
        raise BadRequest("conflate must be 0 or 1")
    only = Filter.of(*lists)
    if conflate == "1" and only is not None and only.types:
        raise BadRequest(
            "conflate=1 excludes types: a service's newest event may be of another type"
        )
    return SubscribeOptions(only, conflate == "1")
