"""Signs browsers in at a service's own host name: by redirects to the router and back.

The browser has no cookie for that origin. It is sent to the router, which knows its session, and
back with a code that holds for this host and this browser, for seconds, and once.
"""

import secrets
from collections.abc import Callable
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import web

from hero_router.access.principal import Principal
from hero_router.access.sessions import principal_from, session_content
from hero_router.access.signing import Signer
from hero_router.errors import BadRequest, Forbidden
from hero_router.web.browser_sessions import BrowserSessions, local_path, redirect

LANDING = "/.well-known/hero-router-session"
"""The path at a service's origin that only the router answers."""

PATH = "/sign-in/service"

CODE_SECONDS = 30.0

STATE_COOKIE = "hero_sign_in"
"""A cookie of the service's origin: the browser that comes back must be the one that left. Else a
stranger could sign another's browser in as himself."""

STATE_SECONDS = 600
"""How long a sign-in at the router may take."""

PURPOSE = "service sign-in"
"""What the codes are signed for."""


class ServiceSignIn:
    """The steps of a sign-in at a service's origin. `domain` is the router's own host name."""

    def __init__(
        self, signer: Signer, sessions: BrowserSessions, domain: str, now_ms: Callable[[], int]
    ) -> None:
        self._signer, self._sessions = signer, sessions
        self._domain, self._now_ms = domain, now_ms

    def begin(self, request: web.BaseRequest, *, secure: bool) -> web.Response:
        """A redirect from a service's origin to the router, which sends the browser back."""
        host, state = request.headers.get("Host", ""), _state(request) or secrets.token_urlsafe(12)
        port = host.rpartition(":")[2] if ":" in host else ""
        scheme = "https" if secure else "http"
        to = f"{scheme}://{host}{request.raw_path}"
        router = f"{scheme}://{self._domain}{port and f':{port}'}"
        response = redirect(f"{router}{PATH}?{urlencode({'to': to, 'state': state})}")
        response.set_cookie(
            STATE_COOKIE, state, max_age=STATE_SECONDS, path=LANDING, secure=secure, httponly=True,
            samesite="Lax",
        )  # fmt: skip
        return response

    def send_back(self, to: str, state: str, principal: Principal) -> web.Response:
        """A redirect to a service's origin, with a code for it.

        Raises:
            BadRequest: the address is not below the router's domain.
        """
        try:
            found = urlsplit(to)
            host = found.hostname or ""
        except ValueError:
            raise BadRequest("to: not an address") from None
        below = host.endswith(f".{self._domain}")
        if found.scheme not in ("http", "https") or not below or "@" in found.netloc:
            raise BadRequest("to: not the address of a service of this router")
        code = self._signer.sign(
            PURPOSE,
            {
                "host": host,
                "state": state,
                "nonce": secrets.token_urlsafe(12),
                "until": self._now_ms() + int(CODE_SECONDS * 1000),
                "session": session_content(principal),
            },
        )
        path = local_path(found.path + (f"?{found.query}" if found.query else ""))
        query = f"code={code}&next={quote(path, safe='')}"
        return redirect(f"{found.scheme}://{found.netloc}{LANDING}?{query}")

    async def land(self, request: web.BaseRequest, host: str, *, secure: bool) -> web.Response:
        """Set the cookie of a service's origin, and redirect to the page that was requested first.

        Raises:
            Forbidden: the code is not for this host or browser, too old, or was used before.
            StoreError: whether it was used before cannot be known.
        """
        content = self._signer.read(PURPOSE, request.query.get("code", ""))
        good = (
            content is not None
            and content["host"] == host
            and content["state"] == _state(request)
            and self._now_ms() < content["until"]
            and await self._sessions.use_once(content["nonce"], 2 * CODE_SECONDS)
        )
        if content is None or not good:
            raise Forbidden("this sign-in was used before or is too old: open the service again")
        principal = principal_from(content["session"])
        response = redirect(local_path(request.query.get("next", "/")))
        self._sessions.set_cookie(response, principal, secure=secure, audience=host)
        return response


def _state(request: web.BaseRequest) -> str | None:
    return request.cookies.get(STATE_COOKIE)
