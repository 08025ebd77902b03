"""Access control for every request: identifies its caller, and refuses it if the rules forbid it.

It is asked before the first byte of a request's body is read: for pages, API, streams, JSON-RPC and
services alike.
"""

import hmac
import logging
import time
from collections.abc import Callable
from hashlib import sha256

from aiohttp import web

from hero_router.access.authenticator import Authenticator, Credentials, LiveAccess, WrongToken
from hero_router.access.hop_token import MOST_MS, HopClaims, HopRefused
from hero_router.access.own_cookie import cookie_values
from hero_router.access.policy import CALL_SERVICES, LOOK, READ_METRICS, Access, Right
from hero_router.access.principal import Principal
from hero_router.access.sessions import COOKIE
from hero_router.access.static_tokens import bearer, digest_of
from hero_router.errors import Forbidden, NotReady, TooManyAttempts, Unauthorized
from hero_router.settings.trusted_proxies import TrustedProxies
from hero_router.store.one_time import OneTimeCodes
from hero_router.web.request_facts import facts_of, local_port

log = logging.getLogger(__name__)

NOBODY = frozenset[str]()


class AccessControl:
    """Access control for the requests of one worker.

    `live` gives what was changed in Redis, `now_ms` Unix milliseconds. `codes` remember which hops
    were received. `metrics_port` is the port on which only `/metrics` is answered, 0 without one.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        live: Callable[[], LiveAccess | None],
        proxies: TrustedProxies,
        now_ms: Callable[[], int],
        codes: OneTimeCodes,
        metrics_port: int = 0,
    ) -> None:
        self.authenticator, self.rules = authenticator, authenticator.rules
        self._live, self._proxies, self._now_ms = live, proxies, now_ms
        self._codes, self._metrics_port = codes, metrics_port

    def admit(
        self, request: web.BaseRequest, access: Access | Right, audience: str = ""
    ) -> Principal:
        """The caller of a request, after all access checks of its route.

        Raises:
            Unauthorized: the request does not say who sends it.
            Forbidden: the caller may not have it.
            TooManyAttempts: too many wrong tokens came from the caller's address.
            NotReady: it is not known yet who may.
        """
        address = self.address(request)
        if access is Access.ANYONE or (access is READ_METRICS and self.is_metrics_port(request)):
            return Principal(roles=NOBODY, address=address)
        if access is Access.READINESS:
            return self._recognize(request) or Principal(roles=NOBODY, address=address)
        if access is Access.SIGN_IN:
            self.authenticator.check_address(address, self._live())
            return Principal(roles=NOBODY, address=address)
        if access is READ_METRICS and self._has_metrics_token(request):
            self.authenticator.check_address(address, self._live())
            self.authenticator.check_attempts(address, time.monotonic())
            return Principal("metrics", NOBODY, address=address)
        principal = self.identify(request, audience)
        access.require(principal)
        return principal

    async def admit_hop(self, hop: HopClaims) -> Principal:
        """The caller of a request that another node's router has admitted and passed on.

        That router's token was read already. It counts once, on whichever worker: without Redis
        that cannot be known, and nothing is let in.

        Raises:
            HopRefused: the token was used before.
            Forbidden: the caller may call no service.
            StoreError: whether the token was used before cannot be known.
        """
        CALL_SERVICES.require(hop.actor)
        digest = sha256(f"{hop.sender} {hop.nonce}".encode()).hexdigest()
        if not await self._codes.put(f"hop-{digest}", {}, 2 * MOST_MS / 1000):
            raise HopRefused("its token was used before")
        return hop.actor

    def address(self, request: web.BaseRequest) -> str:
        """The address of a request's sender, behind trusted proxies."""
        return facts_of(request, self._proxies).client

    def is_secure(self, request: web.BaseRequest) -> bool:
        """Whether the sender speaks TLS, to this router or to a trusted proxy in front of it."""
        return facts_of(request, self._proxies).secure

    def identify(self, request: web.BaseRequest, audience: str = "") -> Principal:
        """The caller of a request, without the access check of a route. Raises as `admit` does."""
        facts, fields = facts_of(request, self._proxies), request.headers
        address = facts.client
        if self.authenticator.is_open:
            return self.authenticator.anyone(address, self._live())
        given = Credentials(
            address,
            lambda name: fields.getall(name, []),
            cookie_values(fields.get("Cookie", ""), COOKIE.name(secure=facts.secure)),
            audience,
            from_trusted_proxy=facts.trusted,
        )
        try:
            return self.authenticator.identify(
                given, self._live(), self._now_ms(), time.monotonic()
            )
        except (WrongToken, TooManyAttempts) as error:
            self.log_refusal(address, error)
            raise

    def _recognize(self, request: web.BaseRequest) -> Principal | None:
        """The caller of a request that is answered for anyone; None if it may see no services."""
        try:
            principal = self.identify(request)
            LOOK.require(principal)
        except (Unauthorized, Forbidden, TooManyAttempts, NotReady):
            return None
        return principal

    def log_refusal(self, address: str, error: Unauthorized | TooManyAttempts) -> None:
        """Log a wrong token once; a program may repeat it for hours."""
        if isinstance(error, WrongToken) and error.is_new:
            log.warning("refused a request of the client %s: it sent a wrong token", address)
        else:
            log.debug("refused a request of the client %s: %s", address, error)

    def is_metrics_port(self, request: web.BaseRequest) -> bool:
        """Whether a request came by the port on which only `/metrics` is answered."""
        return bool(self._metrics_port) and local_port(request) == self._metrics_port

    def _has_metrics_token(self, request: web.BaseRequest) -> bool:
        presented = bearer(request.headers.getall("Authorization", []))
        wanted = self.rules.metrics_digest
        if presented is None or wanted is None:
            return False
        return hmac.compare_digest(digest_of(presented), wanted)
