"""The pages to sign in and out, and `/api/me`, which says who the caller is."""

import html
import logging
import time
from collections.abc import Sequence
from urllib.parse import parse_qs

from aiohttp import web

from hero_router.access.authenticator import WrongToken, bearer_of
from hero_router.access.principal import ADMIN, ALL_ROLES, Principal, PrincipalKind
from hero_router.access.sign_in_link import PATH as LINK_PATH
from hero_router.codec import encode
from hero_router.errors import Forbidden, RouterError, TooManyAttempts, Unauthorized
from hero_router.web.admission import Admission
from hero_router.web.body import BodyReader
from hero_router.web.browser_sessions import (
    BrowserSessions,
    local_path,
    redirect,
    sign_in_address,
)
from hero_router.web.encoding import JSON, packed
from hero_router.web.errors import http_error_info
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.service_sign_in import PATH as SERVICE_PATH
from hero_router.web.service_sign_in import ServiceSignIn

log = logging.getLogger(__name__)


class SignInPages:
    """The pages to sign in; `stylesheet` is the address of their style sheet."""

    def __init__(
        self,
        admission: Admission,
        sessions: BrowserSessions,
        services: ServiceSignIn,
        bodies: BodyReader,
        stylesheet: str,
    ) -> None:
        self._admission, self._sessions, self._services = admission, sessions, services
        self._bodies, self._stylesheet = bodies, stylesheet

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The routes of these pages."""
        return [
            web.get("/sign-in", self.form),
            web.post("/sign-in", self.check),
            web.get(LINK_PATH + "{code}", self.link),
            web.get(SERVICE_PATH, self.service),
        ]

    async def form(self, request: web.Request) -> web.Response:
        """The form for a token."""
        return _page(self._stylesheet, local_path(request.query.get("next", "/")))

    async def check(self, request: web.Request) -> web.Response:
        """Sign in with the token in the form. Raises HTTPUnsupportedMediaType."""
        if request.content_type != "application/x-www-form-urlencoded":
            raise web.HTTPUnsupportedMediaType
        async with self._bodies.read(request) as body:
            fields = parse_qs(body.decode("utf-8", "replace"))
        next_path = local_path(fields.get("next", ["/"])[0])
        address = self._admission.address(request)
        presented = fields.get("token", [""])[0].strip()
        try:
            token = self._admission.authenticator.check_token(presented, address, time.monotonic())
        except (WrongToken, TooManyAttempts) as error:
            self._admission.log_refusal(address, error)
            return _page(self._stylesheet, next_path, error)
        return self._begin(request, bearer_of(token, address), next_path)

    async def link(self, request: web.Request) -> web.Response:
        """Sign in with a link that works once. Raises Forbidden, StoreError."""
        if "prefetch" in request.headers.get("Sec-Purpose", ""):
            raise Forbidden("this link works once: it is not for a look ahead")
        address = self._admission.address(request)
        if not await self._sessions.take_link(request.match_info["code"]):
            log.warning("refused: %s opens a sign-in link that is used up or too old", address)
            raise Forbidden("this sign-in link was used before, or is too old")
        principal = Principal(ADMIN, ALL_ROLES, address=address, kind=PrincipalKind.TOKEN)
        return self._begin(request, principal, "/")

    async def service(self, request: web.Request) -> web.Response:
        """Send a signed-in browser back to a service's origin; others to the form first."""
        try:
            principal = self._admission.identify(request)
        except Unauthorized:
            return redirect(sign_in_address(request.raw_path))
        asked = request.query
        return self._services.send_back(asked.get("to", ""), asked.get("state", ""), principal)

    def _begin(self, request: web.Request, principal: Principal, next_path: str) -> web.Response:
        begun = self._sessions.begun(principal)
        log.info("%s signs in as %s, session %s", begun.address, begun.name, begun.session)
        response = redirect(local_path(next_path))
        secure = self._admission.is_secure(request)
        self._sessions.set_cookie(response, begun, secure=secure)
        return response


def own(admission: Admission, sessions: BrowserSessions) -> Sequence[web.AbstractRouteDef]:
    """What a caller may ask about itself, and its way out."""

    async def me(request: web.Request) -> web.Response:
        """Who the caller is, and what it may do."""
        text = encode(described(request[PRINCIPAL], is_open=admission.rules.is_open))
        return await packed(request, text.encode("ascii"), JSON, "no-store")

    async def sign_out(request: web.Request) -> web.Response:
        """End the caller's session on all workers, with its streams. Raises StoreError."""
        principal = request[PRINCIPAL]
        log.info("%s signs out as %s", principal.address, principal.name)
        return await sessions.end(principal, secure=admission.is_secure(request))

    return [web.get("/api/me", me), web.post("/sign-out", sign_out)]


def described(principal: Principal, *, is_open: bool) -> dict[str, object]:
    """A caller, as `/api/me` tells it."""
    contexts = principal.contexts
    return {
        "name": principal.name,
        "kind": principal.kind,
        "roles": sorted(principal.roles),
        "contexts": None if contexts is None else sorted(contexts),
        "session": principal.session or None,
        "session_ends": principal.expires_ms,
        "open": is_open,
    }


def _page(stylesheet: str, next_path: str, error: RouterError | None = None) -> web.Response:
    info = http_error_info(error) if error else None
    message = f'<p class="refused" role="alert">{html.escape(info.message)}</p>' if info else ""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = "60"
    return web.Response(
        status=403 if info and info.status == 401 else info.status if info else 200,
        text=_PAGE.format(stylesheet=stylesheet, message=message, next=html.escape(next_path)),
        content_type="text/html",
        headers=headers,
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Sign in · hero_router</title>
  <link rel="stylesheet" href="{stylesheet}">
</head>
<body class="sign-in">
  <main>
    <h1>hero_router</h1>
    {message}
    <form method="post" action="/sign-in">
      <input name="username" value="hero_router" autocomplete="username" hidden>
      <label for="token">Token</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required
             autofocus>
      <input type="hidden" name="next" value="{next}">
      <button>Sign in</button>
    </form>
    <p>The token is what the router was started with: <code>ROUTER_TOKEN</code>, or one that its
      operator gave you.</p>
  </main>
</body>
</html>
"""
