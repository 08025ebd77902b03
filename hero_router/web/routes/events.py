"""`GET /api/events`: begins an event stream, and subscribes its connection to the hub."""

import logging
import random
import re
from dataclasses import replace

from aiohttp import web

from hero_router import sse
from hero_router.access.policy import narrowed
from hero_router.errors import BadRequest
from hero_router.feed.filters import Filter
from hero_router.feed.hub import Hub
from hero_router.feed.subscribers import DEFAULT_OPTIONS, SubscribeOptions
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.stream_connection import Chunks, Connection, Connections, Framed

log = logging.getLogger(__name__)

LONGEST_CURSOR = 64
"""Most characters of a position; a longer one is cut here, and then counts as unknown."""

COME_BACK_MS = 30_000, 60_000
"""When a client comes back whose stream is one too many, from and to, in ms. The answer is a stream
that ends, as a browser never comes back after an error."""

_STREAMS = re.compile(
    r"\s*(text/event-stream|text/\*|\*/\*)\s*(;(?!\s*q=0(\.0*)?\s*(;|$)).*)?", re.IGNORECASE
)
"""A media range that includes event streams, unless its weight is 0."""


def routes(hub: Hub, connections: Connections) -> list[web.RouteDef]:
    """The routes of the event stream: `/api/events` and `/events`."""
    chunks = Chunks()

    async def events(request: web.Request) -> web.StreamResponse:
        """Stream the events after the client's position, as Server-Sent Events.

        `types`, `context` and `service` choose among them. With `conflate=1` a client that has
        fallen behind gets only the newest event of each service.

        Raises:
            BadRequest: a parameter breaks its rule.
            Forbidden: the caller may see none of the requested contexts.
            HTTPNotAcceptable: the client accepts no event streams; it would wait without end for
                the end of the answer.
        """
        if not _takes_streams(request.headers.get("Accept", "")):
            raise web.HTTPNotAcceptable
        principal = request[PRINCIPAL]
        options = _options(request)
        options = replace(options, filter=narrowed(principal, options.filter))
        response = web.StreamResponse(headers=sse.HEADERS)
        response.force_close()
        writer = await response.prepare(request)
        transport = request.transport
        if request.method == "HEAD" or writer is None or transport is None:
            return response
        slot = connections.quota.take(principal.address)
        if slot is None:
            log.warning("client %s has as many streams as it may have", principal.address)
            await response.write(sse.retry(random.randint(*COME_BACK_MS)))  # noqa: S311 - no secret
            return response
        writer.send_headers()
        chunked = request.version >= (1, 1)
        encode, end_mark = (chunks, Chunks.END) if chunked else (Framed.of, b"")
        connection = Connection(hub, connections, encode, end_mark)
        connection.take_over(request, transport, _cursor(request), options, principal, slot)
        return response

    return [web.get(path, events) for path in ("/api/events", "/events")]


def _takes_streams(accept: str) -> bool:
    """Whether an `Accept` field (RFC 9110, section 12.5.1) allows an event stream."""
    return not accept.strip() or any(_STREAMS.fullmatch(each) for each in accept.split(","))


def _cursor(request: web.Request) -> str | None:
    """The client's last position: `Last-Event-ID`, else `?cursor=`; None: the client is new."""
    given = request.headers.get("Last-Event-ID") or request.query.get("cursor")
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
            "conflate: not together with types, for a service's newest event may be of another type"
        )
    return SubscribeOptions(only, conflate == "1")
