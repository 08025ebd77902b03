"""Begins and ends browser sessions: sets and deletes their cookies, redirects after a sign-in."""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from urllib.parse import quote

from aiohttp import web

from hero_router.access.own_cookie import cookie_values
from hero_router.access.principal import Principal
from hero_router.access.sessions import COOKIE, HeldSession, Sessions, is_revoked
from hero_router.access.sign_in_link import LINK_SECONDS, nonce_of
from hero_router.access.signing import Signer
from hero_router.errors import StoreError
from hero_router.sanitize import clean
from hero_router.store.one_time import OneTimeCodes
from hero_router.store.revoked_sessions import RevokedSessions
from hero_router.store.session_list import BrowserSession
from hero_router.web.access_follower import AccessFollower
from hero_router.web.errors import OwnResponse
from hero_router.web.request_facts import FACTS
from hero_router.web.session_recorder import SessionRecorder

log = logging.getLogger(__name__)

_LOCAL_PATH = re.compile(r"/(?![/\\])[!-~]*")

SIGN_IN_PATH = "/sign-in"

HOUR_MS = 3_600_000

WAIT_SECONDS = 1.0
"""Longest wait for Redis to end the session that another one replaces."""

MAX_USER_AGENT = 200
"""Most characters that are recorded of what a browser calls itself."""


class Way(StrEnum):
    """How a browser signs in: with a token, a link that works once, or at an OpenID provider."""

    TOKEN = "token"  # noqa: S105 - a kind of login, no password
    LINK = "link"
    OIDC = "oidc"


class BrowserSessions:
    """The sessions of browsers at one worker. `now_ms` gives Unix milliseconds by Redis's clock."""

    def __init__(
        self,
        signer: Signer,
        sessions: Sessions,
        revoked: RevokedSessions,
        codes: OneTimeCodes,
        follower: AccessFollower,
        recorder: SessionRecorder,
        now_ms: Callable[[], int],
        hours: float,
    ) -> None:
        self._signer, self._sessions = signer, sessions
        self._revoked, self._codes, self._recorder = revoked, codes, recorder
        self._follower, self.now_ms, self._hours = follower, now_ms, hours

    async def begin_session(
        self,
        request: web.BaseRequest,
        response: web.Response,
        principal: Principal,
        way: Way,
        *,
        secure: bool,
        replaced: HeldSession | None,
    ) -> None:
        """Begin a session of a principal, record it, and put it into an answer.

        The session that the browser had before, `replaced`, ends with its streams: else open pages
        would go on with the rights of the user before.
        """
        now_ms = self.now_ms()
        begun = replace(
            principal,
            session=secrets.token_hex(8),
            issued_ms=now_ms,
            expires_ms=now_ms + int(self._hours * HOUR_MS),
        )
        log.info(
            "the client %s has signed in as %s, with the browser session %s",
            begun.address,
            begun.name,
            begun.session,
        )
        await self._recorder.add(_recorded(begun, way, request.headers.get("User-Agent", "")))
        self.set_cookie(response, begun, secure=secure)
        if replaced is None:
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._end(replaced)
        except (StoreError, TimeoutError) as error:
            log.warning(
                "the browser session %s could not be ended, though its browser has signed in anew: "
                "its open streams may go on; the cause: %s",
                replaced.id,
                str(error) or "no answer in time",
            )

    def session_of(self, request: web.BaseRequest) -> HeldSession | None:
        """The session of a browser that sends a request; None without one that holds."""
        now_ms, live = self.now_ms(), self._follower.live
        name = COOKIE.name(secure=request[FACTS].secure)
        for value in cookie_values(request.headers.get("Cookie", ""), name):
            found = self._sessions.read(value, "", "", now_ms)
            if found and not (live and is_revoked(found, live.revocations)):
                return HeldSession(found.session, found.expires_ms or 0)
        return None

    def set_cookie(
        self,
        response: web.Response,
        principal: Principal,
        *,
        secure: bool,
        audience: str = "",
    ) -> None:
        """Set the session cookie of a principal in an answer.

        The router's own cookie is sent only with requests of its own pages. That of a service's own
        origin is sent with links from other sites too: else a link on the router's page would lead
        to a new sign-in each time.
        """
        expires_ms = principal.expires_ms or 0
        response.set_cookie(
            COOKIE.name(secure=secure),
            self._sessions.issue(principal, audience),
            max_age=max((expires_ms - self.now_ms()) // 1000, 0),
            path="/",
            secure=secure,
            httponly=True,
            samesite="Lax" if audience else "Strict",
        )

    async def end(self, principal: Principal, prefix: str, *, secure: bool) -> web.Response:
        """End a principal's session on all workers, and remove its cookie. Raises StoreError.

        `prefix` is the part of the path that a proxy in front has cut.
        """
        if principal.session:
            await self._end(HeldSession(principal.session, principal.expires_ms or 0))
        response = redirect(prefix + SIGN_IN_PATH)
        response.del_cookie(COOKIE.name(secure=secure), path="/", secure=secure, httponly=True)
        return response

    async def _end(self, session: HeldSession) -> None:
        """End a session and what it has open. Raises StoreError."""
        await self._revoked.revoke(session.id, session.expires_ms)
        await self._follower.look_at_sessions()

    async def take_link(self, code: str) -> bool:
        """Use up a sign-in link; False if its code is unknown, used or too old. Raises StoreError.

        The code is remembered for longer than it can be used, as clocks differ.
        """
        nonce = nonce_of(self._signer, code, self.now_ms())
        return nonce is not None and await self.use_once(nonce, 2 * LINK_SECONDS)

    async def use_once(self, nonce: str, seconds: float) -> bool:
        """Note that a signed code is used; False if it was used before. Raises StoreError."""
        return await self._codes.put(sha256(nonce.encode("utf-8")).hexdigest(), {}, seconds)


def _recorded(principal: Principal, way: Way, user_agent: str) -> BrowserSession:
    contexts = principal.contexts
    return BrowserSession(
        id=principal.session,
        name=principal.name,
        way=way,
        roles=sorted(principal.roles),
        contexts=None if contexts is None else sorted(contexts),
        address=principal.address,
        user_agent=clean(user_agent, MAX_USER_AGENT),
        at=principal.issued_ms,
        until=principal.expires_ms or 0,
    )


def local_path(path: str, prefix: str = "") -> str:
    """A path of this router to redirect to; its start page for an address of another site.

    `prefix` is the part of the start page's path that a proxy in front has cut.
    """
    return path if _LOCAL_PATH.fullmatch(path) else f"{prefix}/"


def is_navigation(request: web.BaseRequest) -> bool:
    """Whether a browser opens a page; a form that is sent would lose its content."""
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    accepts = "text/html" in request.headers.get("Accept", "")
    return request.method in ("GET", "HEAD") and mode == "navigate" and accepts


def query_of(next_path: str) -> str:
    """The query that tells a sign-in page which path to redirect to after the sign-in."""
    return f"?next={quote(next_path, safe='')}"


def sign_in_address(raw_path: str, prefix: str) -> str:
    """The URL of the sign-in page, which redirects to the path after the sign-in.

    `prefix` is the part of the path that a proxy in front has cut: the browser has to name it.
    """
    return f"{prefix}{SIGN_IN_PATH}{query_of(prefix + local_path(raw_path))}"


def redirect(location: str) -> web.Response:
    """A redirect (303), after which the browser sends GET, and which is not cached."""
    return OwnResponse(status=303, headers={"Location": location, "Cache-Control": "no-store"})
