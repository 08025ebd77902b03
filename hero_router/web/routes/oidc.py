"""The two steps of a sign-in at an OpenID provider: to the provider, and back from it."""

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from hero_router.access.oidc import (
    CALLBACK_PATH,
    COOKIE,
    PATH,
    SIGN_IN_SECONDS,
    PendingSignIn,
    authorization_address,
    check_response_issuer,
    find_pending,
    nonce_of,
    verifier_of,
)
from hero_router.access.oidc_user import principal_of
from hero_router.access.own_cookie import cookie_values
from hero_router.access.principal import Principal
from hero_router.errors import NotFound, ProviderFailed, RouterError, SignInRefused, TooManyAttempts
from hero_router.sanitize import clean
from hero_router.web.access_control import AccessControl
from hero_router.web.browser_sessions import BrowserSessions, Way, local_path, redirect
from hero_router.web.oidc_http_client import OidcClient, Redemption
from hero_router.web.request_facts import FACTS
from hero_router.web.request_syntax_check import host_of
from hero_router.web.sign_in_page import SignInPage

log = logging.getLogger(__name__)

MAX_AT_ONCE = 8
"""Most codes that a worker redeems at the same time."""


class OidcPages:
    """The pages of this sign-in; `client` is None without a provider."""

    def __init__(
        self,
        access_control: AccessControl,
        sessions: BrowserSessions,
        page: SignInPage,
        client: OidcClient | None,
    ) -> None:
        self._access_control, self._sessions, self._page = access_control, sessions, page
        self._client = client
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The routes of these pages."""
        return [
            web.get(PATH, self.begin, allow_head=False),
            web.get(CALLBACK_PATH, self.end, allow_head=False),
        ]

    async def begin(self, request: web.Request) -> web.Response:
        """Send the browser to the provider. Raises NotFound."""
        client, prefix = self._provider(), request[FACTS].prefix
        next_path = local_path(request.query.get("next", ""), prefix)
        try:
            metadata = await client.metadata()
        except ProviderFailed as error:
            self._log_refusal(request, error, logging.WARNING)
            return self._page.form(prefix, next_path, error)
        state, session = secrets.token_urlsafe(24), self._sessions.session_of(request)
        pending = PendingSignIn.begin(state, next_path, self._sessions.now_ms(), session)
        signer, secure = self._access_control.rules.signer, request[FACTS].secure
        response = redirect(
            authorization_address(
                metadata.authorization_endpoint,
                client.rules.registration,
                signer,
                pending.state,
                redirect_uri(request),
            )
        )
        response.set_cookie(
            COOKIE.name(secure=secure), pending.cookie_value(signer), max_age=SIGN_IN_SECONDS,
            path="/", secure=secure, httponly=True, samesite="Lax",
        )  # fmt: skip
        return response

    async def end(self, request: web.Request) -> web.Response:
        """Sign in the user whom the provider names, and go where the browser came from.

        Raises:
            NotFound: no provider is set.
            StoreError: whether this sign-in was used before cannot be known.
        """
        client, prefix = self._provider(), request[FACTS].prefix
        pending = self._pending(request)
        next_path = pending.next_path if pending else f"{prefix}/"
        try:
            principal = await self._user(request, client, pending)
        except (SignInRefused, ProviderFailed, TooManyAttempts) as error:
            is_own = pending is not None and not isinstance(error, TooManyAttempts)
            self._log_refusal(request, error, logging.WARNING if is_own else logging.DEBUG)
            response = self._page.form(prefix, next_path, error)
        else:
            response = self._page.onward(prefix, next_path)
            secure = request[FACTS].secure
            await self._sessions.begin_session(
                request,
                response,
                principal,
                Way.OIDC,
                secure=secure,
                replaced=pending.session if pending else None,
            )
        if pending:
            self._forget(request, response)
        return response

    async def _user(
        self, request: web.Request, client: OidcClient, pending: PendingSignIn | None
    ) -> Principal:
        """The user whom the provider names.

        Raises SignInRefused, ProviderFailed, TooManyAttempts, StoreError.
        """
        asked, address = request.query, self._access_control.address(request)
        if pending is None:
            raise SignInRefused(
                "the provider refuses the sign-in, or another page has sent you here: try again"
                if "error" in asked  # its text is not shown: anyone may have written it
                else "this browser has begun no such sign-in, or too long ago: try again"
            )
        await _check_return(asked, client)
        if not await self._sessions.use_once(pending.state, 2 * SIGN_IN_SECONDS):
            raise SignInRefused("this sign-in was used before: try again")
        claims = await self._claims(client, self._redemption(request, pending), address)
        return principal_of(claims, client.rules.claims, address)

    async def _claims(
        self, client: OidcClient, redemption: Redemption, address: str
    ) -> Mapping[str, Any]:
        """The claims of the user; an address that tries many codes has to wait.

        Only a few codes are redeemed at once: else many could be tried before the first is refused.
        """
        authenticator = self._access_control.authenticator
        async with self._turns:
            authenticator.check_attempts(address, time.monotonic())
            try:
                return await client.claims(redemption, self._sessions.now_ms() / 1000)
            except SignInRefused:
                authenticator.note_attempt(redemption.code, address, time.monotonic())
                raise

    def _redemption(self, request: web.Request, pending: PendingSignIn) -> Redemption:
        signer = self._access_control.rules.signer
        return Redemption(
            request.query.get("code", ""),
            verifier_of(signer, pending.state),
            nonce_of(signer, pending.state),
            redirect_uri(request),
        )

    def _pending(self, request: web.Request) -> PendingSignIn | None:
        return find_pending(
            self._access_control.rules.signer,
            cookie_values(
                request.headers.get("Cookie", ""), COOKIE.name(secure=request[FACTS].secure)
            ),
            request.query.get("state", ""),
            self._sessions.now_ms(),
        )

    def _log_refusal(self, request: web.Request, error: RouterError, level: int) -> None:
        """Log why nobody is signed in. What anyone can cause at any time is no warning."""
        address = self._access_control.address(request)
        log.log(level, "refused a sign-in by OpenID of the client %s: %s", address, error)

    def _provider(self) -> OidcClient:
        if self._client is None:
            raise NotFound("no OpenID provider is set (ROUTER_OIDC_ISSUER)")
        return self._client

    def _forget(self, request: web.Request, response: web.Response) -> None:
        """Remove the cookie of this sign-in: it is over."""
        secure = request[FACTS].secure
        response.del_cookie(
            COOKIE.name(secure=secure), path="/", secure=secure, httponly=True, samesite="Lax"
        )


async def _check_return(asked: Mapping[str, str], client: OidcClient) -> None:
    """Check what the provider says as it sends a browser back. Raises SignInRefused."""
    metadata, issuer = await client.metadata(), client.rules.registration.issuer
    check_response_issuer(asked.get("iss"), issuer, is_promised=metadata.names_issuer)
    if "error" in asked:
        reason = clean(asked.get("error_description") or asked["error"], 200)
        raise SignInRefused(f"the provider refuses the sign-in: {reason}")
    if not asked.get("code"):
        raise SignInRefused("the provider has sent you back without a code")


def redirect_uri(request: web.BaseRequest) -> str:
    """Where the provider sends the browser back to: the router's address as the browser sees it."""
    facts = request[FACTS]
    return f"{facts.proto}://{facts.host or host_of(request)}{facts.prefix}{CALLBACK_PATH}"
