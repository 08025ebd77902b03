"""Signs browsers in at a service's own host name: by redirects to the router and back.

The browser has no cookie for that origin. It is sent to the router, which knows its session, and
back with a code that holds for this host and this browser, for seconds, and once.
"""

import secrets
from collections.abc import Callable
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import web

from hero_router.access.own_cookie import OwnCookie
from hero_router.access.principal import Principal
from hero_router.access.sessions import principal_from, session_content
from hero_router.access.signing import Signer
from hero_router.errors import BadRequest, Forbidden
from hero_router.settings.host_and_origin_check import Authority
from hero_router.web.browser_sessions import BrowserSessions, local_path, redirect

LANDING = "/.well-known/hero-router-session"
"""The path at a service's origin that only the router answers."""

PATH = "/sign-in/service"

CODE_SECONDS = 30.0

STATE_COOKIE = OwnCookie("hero_sign_in")
"""A cookie of the service's origin: the browser that comes back must be the one that left. Else a
stranger could sign another's browser in as himself. All tabs share it."""

STATE_SECONDS = 600
"""How long a sign-in at the router may take."""

PURPOSE = "service sign-in"
"""What the codes are signed for."""

NOT_GOOD = "this sign-in was used before or is too old: open the service again"


class ServiceSignIn:
    """The steps of a sign-in at a service's origin. `domain` is the router's own host name."""

    def __init__(
        self, signer: Signer, sessions: BrowserSessions, domain: str, now_ms: Callable[[], int]
    ) -> None:
        self._signer, self._sessions = signer, sessions
        self._domain, self._now_ms = domain, now_ms

    def begin(self, request: web.BaseRequest, path: str, *, secure: bool) -> web.Response:
        """A redirect from a service's origin to the router, which sends the browser back.

        `path` is the page that the browser goes to in the end.
        """
        state = _state(request, secure=secure) or secrets.token_urlsafe(12)
        scheme = _scheme(secure=secure)
        to = f"{scheme}://{request.headers.get('Host', '')}{path}"
        router = f"{scheme}://{self._domain}{_port(request)}"
        response = redirect(f"{router}{PATH}?{urlencode({'to': to, 'state': state})}")
        response.set_cookie(
            STATE_COOKIE.name(secure=secure), state, max_age=STATE_SECONDS, path="/", secure=secure,
            httponly=True, samesite="Lax",
        )  # fmt: skip
        return response

    def send_back(
        self, request: web.BaseRequest, principal: Principal, *, secure: bool
    ) -> web.Response:
        """A redirect to a service's origin, with a code for it.

        The origin has the scheme and the port by which the browser reaches the router: to another
        one, nobody was sent from here.

        Raises:
            BadRequest: the address is not that of a service of this router.
        """
        asked, scheme, port = request.query, _scheme(secure=secure), _port(request)
        try:
            found = urlsplit(asked.get("to", ""))
        except ValueError:
            raise BadRequest("to: not an address") from None
        service = Authority.parse(found.netloc)
        if (
            service is None
            or not service.host.endswith(f".{self._domain}")
            or (found.scheme, service.port) != (scheme, port[1:])
        ):
            raise BadRequest("to: not the address of a service of this router")
        code = self._signer.sign(
            PURPOSE,
            {
                "host": service.host,
                "state": asked.get("state", ""),
                "nonce": secrets.token_urlsafe(12),
                "until": self._now_ms() + int(CODE_SECONDS * 1000),
                "session": session_content(principal),
            },
        )
        path = local_path(found.path + (f"?{found.query}" if found.query else ""))
        query = f"code={code}&next={quote(path, safe='')}"
        return redirect(f"{scheme}://{service.host}{port}{LANDING}?{query}")

    async def land(self, request: web.BaseRequest, host: str, *, secure: bool) -> web.Response:
        """Set the cookie of a service's origin, and redirect to the page that was requested first.

        Two tabs that begin at the same moment have two states, of which the browser keeps one. The
        other tab begins again with that one.

        Raises:
            Forbidden: the code is not for this host or browser, too old, or was used before.
            StoreError: whether it was used before cannot be known.
        """
        content = self._signer.read(PURPOSE, request.query.get("code", ""))
        state, next_path = _state(request, secure=secure), local_path(request.query.get("next", ""))
        if (
            content is None
            or content["host"] != host
            or content["until"] <= self._now_ms()
            or state is None
        ):
            raise Forbidden(NOT_GOOD)
        if content["state"] != state:
            return self.begin(request, next_path, secure=secure)
        if not await self._sessions.use_once(content["nonce"], 2 * CODE_SECONDS):
            raise Forbidden(NOT_GOOD)
        principal = principal_from(content["session"])
        response = redirect(next_path)
        self._sessions.set_cookie(response, principal, secure=secure, audience=host)
        return response


def _state(request: web.BaseRequest, *, secure: bool) -> str | None:
    return request.cookies.get(STATE_COOKIE.name(secure=secure))


def _scheme(*, secure: bool) -> str:
    return "https" if secure else "http"


def _port(request: web.BaseRequest) -> str:
    """The port that a request's Host header names, with its colon; "" without one."""
    asked = Authority.parse(request.headers.get("Host", ""))
    return f":{asked.port}" if asked and asked.port else ""
