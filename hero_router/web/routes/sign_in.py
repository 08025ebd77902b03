"""The pages to sign in and out, and `/api/me`, which describes the caller."""

import logging
import time
from collections.abc import Sequence
from urllib.parse import parse_qs

from aiohttp import web

from hero_router.access.authenticator import WrongToken, bearer_of
from hero_router.access.policy import RIGHTS
from hero_router.access.principal import ADMIN, ALL_ROLES, Principal, PrincipalKind
from hero_router.access.sign_in_link import PATH as LINK_PATH
from hero_router.errors import Forbidden, TooManyAttempts, Unauthorized
from hero_router.strict_json import encode
from hero_router.web.access_control import AccessControl
from hero_router.web.body import BodyReader
from hero_router.web.browser_sessions import (
    BrowserSessions,
    Way,
    local_path,
    redirect,
    sign_in_address,
)
from hero_router.web.encoding import JSON, packed
from hero_router.web.middleware import PRINCIPAL
from hero_router.web.request_facts import FACTS
from hero_router.web.service_sign_in import PATH as SERVICE_PATH
from hero_router.web.service_sign_in import ServiceSignIn
from hero_router.web.sign_in_page import SignInPage

log = logging.getLogger(__name__)


class SignInPages:
    """The pages to sign in with a token, with a link, and at a service's own origin."""

    def __init__(
        self,
        access_control: AccessControl,
        sessions: BrowserSessions,
        services: ServiceSignIn,
        bodies: BodyReader,
        page: SignInPage,
    ) -> None:
        self._access_control, self._sessions, self._services = access_control, sessions, services
        self._bodies, self._page = bodies, page

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The routes of these pages."""
        return [
            web.get("/sign-in", self.form),
            web.post("/sign-in", self.check),
            web.get(LINK_PATH + "{code}", self.link),
            web.get(SERVICE_PATH, self.service),
        ]

    async def form(self, request: web.Request) -> web.Response:
        """The sign-in page."""
        prefix = request[FACTS].prefix
        return self._page.form(prefix, local_path(request.query.get("next", ""), prefix))

    async def check(self, request: web.Request) -> web.Response:
        """Sign in with the token in the form. Raises HTTPUnsupportedMediaType."""
        if request.content_type != "application/x-www-form-urlencoded":
            raise web.HTTPUnsupportedMediaType
        async with self._bodies.read(request) as body:
            fields = parse_qs(body.decode("utf-8", "replace"))
        prefix = request[FACTS].prefix
        next_path = local_path(fields.get("next", [""])[0], prefix)
        address = self._access_control.address(request)
        presented = fields.get("token", [""])[0].strip()
        try:
            token = self._access_control.authenticator.check_token(
                presented, address, time.monotonic()
            )
        except (WrongToken, TooManyAttempts) as error:
            self._access_control.log_refusal(address, error)
            return self._page.form(prefix, next_path, error)
        return await self._begin(request, bearer_of(token, address), Way.TOKEN, next_path)

    async def link(self, request: web.Request) -> web.Response:
        """Sign in with a link that works once. Raises Forbidden, StoreError."""
        if "prefetch" in request.headers.get("Sec-Purpose", ""):
            raise Forbidden("this link works only once, so it is not opened for a preview of it")
        address = self._access_control.address(request)
        if not await self._sessions.take_link(request.match_info["code"]):
            log.warning(
                "refused a sign-in of the client %s: the link was used before or is too old",
                address,
            )
            raise Forbidden("this sign-in link was used before, or is too old")
        principal = Principal(ADMIN, ALL_ROLES, address=address, kind=PrincipalKind.TOKEN)
        return await self._begin(request, principal, Way.LINK, f"{request[FACTS].prefix}/")

    async def service(self, request: web.Request) -> web.Response:
        """Redirect a signed-in browser to a service's origin; others to the sign-in form first."""
        try:
            principal = self._access_control.identify(request)
        except Unauthorized:
            return redirect(sign_in_address(request.raw_path, request[FACTS].prefix))
        return self._services.send_back(request, principal, secure=request[FACTS].secure)

    async def _begin(
        self, request: web.Request, principal: Principal, way: Way, next_path: str
    ) -> web.Response:
        response = redirect(next_path)
        secure = self._access_control.is_secure(request)
        replaced = self._sessions.session_of(request)
        await self._sessions.begin_session(
            request, response, principal, way, secure=secure, replaced=replaced
        )
        return response


def own(access_control: AccessControl, sessions: BrowserSessions) -> Sequence[web.AbstractRouteDef]:
    """The routes for every caller: `/api/me` and sign-out."""

    async def me(request: web.Request) -> web.Response:
        """The caller's name, roles and rights."""
        text = encode(described(request[PRINCIPAL], is_open=access_control.rules.is_open))
        return await packed(request, text.encode("ascii"), JSON, "no-store")

    async def sign_out(request: web.Request) -> web.Response:
        """End the caller's session on all workers, with its streams. Raises StoreError."""
        principal = request[PRINCIPAL]
        log.info("the client %s has signed out as %s", principal.address, principal.name)
        return await sessions.end(
            principal, request[FACTS].prefix, secure=access_control.is_secure(request)
        )

    return [web.get("/api/me", me), web.post("/sign-out", sign_out)]


def described(principal: Principal, *, is_open: bool) -> dict[str, object]:
    """A caller in the form of `/api/me`."""
    contexts = principal.contexts
    return {
        "name": principal.name,
        "kind": principal.kind,
        "roles": sorted(principal.roles),
        "contexts": None if contexts is None else sorted(contexts),
        "session": principal.session or None,
        "session_ends": principal.expires_ms,
        "open": is_open,
        "rights": [
            {"name": right.name, "what": right.what, "extent": right.extent(principal)}
            for right in RIGHTS
        ],
    }
