"""Groups of routes: each group has its own access rule, response headers and limits.

A route in no group is refused: nobody has said who may have it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from hero_router.access.policy import LOOK, READ_METRICS, SEE_CLIENTS, Access, Right
from hero_router.errors import Forbidden
from hero_router.web.summary_formats import STYLE_SOURCE

HEADERS = {
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
    """The access rule, response headers and limits that the routes of one group share.

    `headers` are set on each answer. A request with a header longer than `field_bytes` is refused,
    except for the headers named in `long_fields` (in lower case). `is_page`: people open these
    addresses in a browser; one that is not signed in is sent to the form first.
    """

    access: Access | Right
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)
    field_bytes: int = 8 * 1024
    long_fields: frozenset[str] = frozenset({"last-event-id"})
    is_page: bool = False

    def check_fields(self, fields: Mapping[str, str]) -> None:
        """Refuse a request header that is too long. Raises HTTPRequestHeaderFieldsTooLarge."""
        for name, value in fields.items():
            if len(value) > self.field_bytes and name.lower() not in self.long_fields:
                raise web.HTTPRequestHeaderFieldsTooLarge


PUBLIC = RouteGroup(Access.ANYONE)
"""The check whether a worker lives, and the page's own files, which hold no data."""

READINESS = RouteGroup(Access.READINESS)
"""The check whether a worker is ready: load balancers need no token for its status code."""

VIEWERS = RouteGroup(LOOK)
"""The API, the event stream, JSON-RPC. A browser never retries a stream that was refused, so a
request with a long `Last-Event-ID` is not refused but answered in the stream."""

STATUS_PAGES = RouteGroup(
    LOOK,
    HEADERS
    | {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src '{STYLE_SOURCE}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        )
    },
    is_page=True,
)
"""The status of all services and the badges: no scripts, and the page's own style sheet only."""

CLIENTS = RouteGroup(SEE_CLIENTS)
"""The clients with their addresses, which are personal data."""

METRICS = RouteGroup(READ_METRICS)
"""The metrics, for programs with a token of their own."""


def sign_in_group(domain: str) -> RouteGroup:
    """The group of the sign-in pages: no scripts, and forms are allowed.

    After a sign-in the router may send the browser on to a service's host name below `domain`.
    Chromium checks `form-action` for such a redirect too.
    """
    services = f"http://*.{domain}:* https://*.{domain}:*"
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
            f"form-action 'self' {services}; frame-ancestors 'none'"
        ),
        # With "no-referrer" browsers send `Origin: null` with a form, which is refused.
        "Referrer-Policy": "same-origin",
    }
    return RouteGroup(Access.SIGN_IN, HEADERS | headers)


GROUPS = web.AppKey("groups", dict[web.AbstractRoute, RouteGroup])


def add_routes(
    app: web.Application, group: RouteGroup, routes: Iterable[web.AbstractRouteDef]
) -> None:
    """Add routes of one group to an application."""
    added = app.add_routes(routes)
    heads = [
        other
        for route in added
        for other in (route.resource or ())
        if other.method == "HEAD"  # aiohttp adds one to each GET, and does not return it
    ]
    app[GROUPS] = app.get(GROUPS, {}) | dict.fromkeys([*added, *heads], group)


def group_of(request: web.BaseRequest) -> RouteGroup:
    """The group of the route that serves a request.

    A request without a route is answered by the router itself with an error, for anyone.

    Raises:
        Forbidden: the route is in no group.
    """
    if not isinstance(request, web.Request) or request.match_info.http_exception is not None:
        return PUBLIC
    found = request.app.get(GROUPS, {}).get(request.match_info.route)
    if found is None:
        raise Forbidden("this route has no access rule")
    return found


def dress(response: web.StreamResponse, headers: Mapping[str, str], request_id: str) -> None:
    """Set the headers of an answer: request id and those of its group; no `Server`."""
    response.headers.update(headers)
    response.headers["X-Request-Id"] = request_id
    response.headers.popall("Server", None)
