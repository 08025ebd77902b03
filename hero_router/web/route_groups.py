"""Groups of routes: the header fields and limits that belong to the answers of some routes only.

A route that is in no group is left alone: an answer that is passed on from elsewhere keeps its own
header fields.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
        "connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class RouteGroup:
    """What the routes of one group have in common.

    `headers` are set on each of their answers. A request with a header field longer than
    `field_bytes` is refused, but for the fields named in `long_fields` (in small letters).
    """

    headers: Mapping[str, str]
    field_bytes: int
    long_fields: frozenset[str] = frozenset()

    def check_fields(self, fields: Mapping[str, str]) -> None:
        """Refuse a field that is too long. Raises HTTPRequestHeaderFieldsTooLarge."""
        for name, value in fields.items():
            if len(value) > self.field_bytes and name.lower() not in self.long_fields:
                raise web.HTTPRequestHeaderFieldsTooLarge


OWN = RouteGroup(HEADERS, field_bytes=8 * 1024, long_fields=frozenset({"last-event-id"}))
"""The page, the API and the router's own errors. A browser gives up for ever on a stream that is
refused for the length of its position, so a position of any length is answered in the stream."""

GROUPS = web.AppKey("groups", dict[web.AbstractRoute, RouteGroup])


def add_routes(
    app: web.Application, group: RouteGroup, routes: Iterable[web.AbstractRouteDef]
) -> None:
    """Add routes to an application as members of a group."""
    table = app.get(GROUPS, {})
    app[GROUPS] = table | dict.fromkeys(app.add_routes(routes), group)


def group_of(request: web.BaseRequest) -> RouteGroup | None:
    """The group of the route that a request has found; None where that is in no group.

    What no route takes is answered by the router itself.
    """
    if not isinstance(request, web.Request) or request.match_info.http_exception is not None:
        return OWN
    groups = request.app.get(GROUPS, {})
    return groups.get(request.match_info.route)


def dress(response: web.StreamResponse, group: RouteGroup | None, request_id: str) -> None:
    """Give an answer its request id and the header fields of its group.

    Without a group an answer keeps a request id and a `Server` of its own.
    """
    if group is not None:
        response.headers.update(group.headers)
        response.headers["X-Request-Id"] = request_id
        response.headers.popall("Server", None)
        return
    response.headers.setdefault("X-Request-Id", request_id)
    if response.headers.get("Server") == SERVER_SOFTWARE:  # aiohttp's, where the answer has none
        del response.headers["Server"]
