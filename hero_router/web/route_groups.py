"""Groups of routes: each group has its own response headers and limits of request headers.

A route in no group has none of these: an answer that is passed on from another server keeps its own
headers.
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
    """The response headers and the limits of one group of routes.

    `headers` are set on each answer. A request with a header longer than `field_bytes` is refused,
    except for the headers named in `long_fields` (in lower case).
    """

    headers: Mapping[str, str]
    field_bytes: int
    long_fields: frozenset[str] = frozenset()

    def check_fields(self, fields: Mapping[str, str]) -> None:
        """Refuse a request header that is too long. Raises HTTPRequestHeaderFieldsTooLarge."""
        for name, value in fields.items():
            if len(value) > self.field_bytes and name.lower() not in self.long_fields:
                raise web.HTTPRequestHeaderFieldsTooLarge


OWN = RouteGroup(HEADERS, field_bytes=8 * 1024, long_fields=frozenset({"last-event-id"}))
"""The page, the API and the router's own errors. A browser never retries a stream that was refused,
so a request with a long `Last-Event-ID` is not refused but answered in the stream."""

GROUPS = web.AppKey("groups", dict[web.AbstractRoute, RouteGroup])


def add_routes(
    app: web.Application, group: RouteGroup, routes: Iterable[web.AbstractRouteDef]
) -> None:
    """Add routes of one group to an application."""
    table = app.get(GROUPS, {})
    app[GROUPS] = table | dict.fromkeys(app.add_routes(routes), group)


def group_of(request: web.BaseRequest) -> RouteGroup | None:
    """The group of the route that serves a request; None if the route is in no group.

    A request without a route is answered by the router itself, so its group is `OWN`.
    """
    if not isinstance(request, web.Request) or request.match_info.http_exception is not None:
        return OWN
    groups = request.app.get(GROUPS, {})
    return groups.get(request.match_info.route)


def dress(response: web.StreamResponse, group: RouteGroup | None, request_id: str) -> None:
    """Add the request id and the headers of its group to an answer.

    Without a group an answer keeps its own `X-Request-Id` and `Server`, if it has them.
    """
    if group is not None:
        response.headers.update(group.headers)
        response.headers["X-Request-Id"] = request_id
        response.headers.popall("Server", None)
        return
    response.headers.setdefault("X-Request-Id", request_id)
    if response.headers.get("Server") == SERVER_SOFTWARE:  # aiohttp's, where the answer has none
        del response.headers["Server"]
