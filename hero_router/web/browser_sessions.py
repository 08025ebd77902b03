"""Begins and ends browser sessions: the cookie's attributes, and the redirect after a sign-in."""

import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from urllib.parse import quote

from aiohttp import web

from hero_router.access.principal import Principal
from hero_router.access.sessions import SECURE_COOKIE, SESSION_COOKIE, Sessions
from hero_router.access.sign_in_link import LINK_SECONDS, nonce_of
from hero_router.access.signing import Signer
from hero_router.store.one_time import OneTimeCodes
from hero_router.store.sessions import RevokedSessions
from hero_router.web.access_follower import AccessFollower
from hero_router.web.errors import OwnResponse

_LOCAL_PATH = re.compile(r"/(?![/\\])[!-~]*")

SIGN_IN_PATH = "/sign-in"

HOUR_MS = 3_600_000


class BrowserSessions:
    """The sessions of browsers at one worker. `now_ms` gives Unix milliseconds by Redis's clock."""

    def __init__(
        self,
        signer: Signer,
        sessions: Sessions,
        revoked: RevokedSessions,
        codes: OneTimeCodes,
        follower: AccessFollower,
        now_ms: Callable[[], int],
        hours: float,
    ) -> None:
        self._signer, self._sessions = signer, sessions
        self._revoked, self._codes = revoked, codes
        self._follower, self._now_ms, self._hours = follower, now_ms, hours

    def begun(self, principal: Principal) -> Principal:
        """A principal with a new session."""
        now_ms = self._now_ms()
        return replace(
            principal,
            session=secrets.token_hex(8),
            issued_ms=now_ms,
            expires_ms=now_ms + int(self._hours * HOUR_MS),
        )

    def set_cookie(
        self,
        response: web.Response,
        principal: Principal,
        *,
        secure: bool,
        audience: str = "",
    ) -> None:
        """Put a principal's session into an answer.

        The router's own cookie is sent only with requests of its own pages. That of a service's own
        origin is sent with links from other sites too: else a link on the router's page would lead
        to a new sign-in each time.
        """
        expires_ms = principal.expires_ms or 0
        response.set_cookie(
            _cookie_name(secure=secure),
            self._sessions.issue(principal, audience),
            max_age=max((expires_ms - self._now_ms()) // 1000, 0),
            path="/",
            secure=secure,
            httponly=True,
            samesite="Lax" if audience else "Strict",
        )

    async def end(self, principal: Principal, *, secure: bool) -> web.Response:
        """End a principal's session on all workers, and remove its cookie. Raises StoreError."""
        if principal.session:
            ended = principal.session
            await self._revoked.revoke(ended, principal.expires_ms)
            await self._follower.look()
        response = redirect(SIGN_IN_PATH)
        response.del_cookie(_cookie_name(secure=secure), path="/", secure=secure, httponly=True)
        return response

    async def take_link(self, code: str) -> bool:
        """Use up a sign-in link; False if its code is unknown, used or too old. Raises StoreError.

        The code is remembered for longer than it can be used, as clocks differ.
        """
        nonce = nonce_of(self._signer, code, self._now_ms())
        return nonce is not None and await self.use_once(nonce, 2 * LINK_SECONDS)

    async def use_once(self, nonce: str, seconds: float) -> bool:
        """Note that a signed code is used; False if it was used before. Raises StoreError."""
        return await self._codes.put(sha256(nonce.encode("utf-8")).hexdigest(), {}, seconds)


def _cookie_name(*, secure: bool) -> str:
    return SECURE_COOKIE if secure else SESSION_COOKIE


def local_path(path: str) -> str:
    """A path of this router; "/" for anything that leads elsewhere."""
    return path if _LOCAL_PATH.fullmatch(path) else "/"


def sign_in_address(raw_path: str) -> str:
    """The address of the form that leads to a path of the router afterwards."""
    return f"{SIGN_IN_PATH}?next={quote(local_path(raw_path), safe='')}"


def redirect(location: str) -> web.Response:
    """A redirect after which the browser sends GET, and which nobody keeps."""
    return OwnResponse(status=303, headers={"Location": location, "Cache-Control": "no-store"})
