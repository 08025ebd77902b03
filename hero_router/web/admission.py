"""The one place where access is decided: who sends a request, and whether it may have the answer.

It is asked before the first byte of a request's body is read: for pages, API, streams, JSON-RPC and
services alike.
"""

import hmac
import logging
import time
from collections.abc import Callable

from aiohttp import web

from hero_router.access.authenticator import Authenticator, Credentials, LiveAccess, WrongToken
from hero_router.access.policy import Access, require_all_contexts, require_role
from hero_router.access.principal import ADMIN, VIEWER, Principal
from hero_router.access.sessions import session_values
from hero_router.access.tokens import bearer, digest_of
from hero_router.errors import TooManyAttempts, Unauthorized
from hero_router.settings.proxies import TrustedProxies
from hero_router.web.request_facts import facts_of, local_port

log = logging.getLogger(__name__)

NOBODY = frozenset[str]()


class Admission:
    """Decides about the requests of one worker.

    `live` gives what was changed in Redis, `now_ms` Unix milliseconds. `metrics_port` is the port
    on which only `/metrics` is answered, 0 without one.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        live: Callable[[], LiveAccess | None],
        proxies: TrustedProxies,
        now_ms: Callable[[], int],
        metrics_port: int = 0,
    ) -> None:
        self.authenticator, self.rules = authenticator, authenticator.rules
        self._live, self._proxies, self._now_ms = live, proxies, now_ms
        self._metrics_port = metrics_port

    def admit(self, request: web.BaseRequest, access: Access, audience: str = "") -> Principal:
        """The caller of a request that may have what it asks for.

        Raises:
            Unauthorized: the request does not say who sends it.
            Forbidden: the caller may not have it.
            TooManyAttempts: too many wrong tokens came from the caller's address.
            NotReady: it is not known yet who may.
        """
        address = self.address(request)
        if access is Access.ANYONE or (access is Access.METRICS and self._is_metrics_port(request)):
            return Principal(roles=NOBODY, address=address)
        if access is Access.SIGN_IN:
            self.authenticator.check_address(address, self._live())
            return Principal(roles=NOBODY, address=address)
        if access is Access.METRICS and self._has_metrics_token(request):
            return Principal("metrics", NOBODY, address=address)
        principal = self.identify(request, audience)
        if access is Access.METRICS:
            require_all_contexts(principal)
        require_role(principal, ADMIN if access is Access.ADMIN else VIEWER)
        return principal

    def address(self, request: web.BaseRequest) -> str:
        """The address of a request's sender, behind trusted proxies."""
        return facts_of(request, self._proxies).client

    def is_secure(self, request: web.BaseRequest) -> bool:
        """Whether the sender speaks TLS, to this router or to a trusted proxy in front of it."""
        return facts_of(request, self._proxies).secure

    def identify(self, request: web.BaseRequest, audience: str = "") -> Principal:
        """The caller of a request, whatever it may do. Raises the same as `admit`."""
        address, fields = self.address(request), request.headers
        given = Credentials(
            address,
            lambda name: fields.getall(name, []),
            session_values(fields["Cookie"]) if "Cookie" in fields else (),
            audience,
            from_trusted_proxy=facts_of(request, self._proxies).trusted,
        )
        try:
            return self.authenticator.identify(
                given, self._live(), self._now_ms(), time.monotonic()
            )
        except (WrongToken, TooManyAttempts) as error:
            self.log_refusal(address, error)
            raise

    def log_refusal(self, address: str, error: Unauthorized | TooManyAttempts) -> None:
        """Log a wrong token once; a program may repeat it for hours."""
        if isinstance(error, WrongToken) and error.is_new:
            log.warning("refused: %s presents a wrong token", address)
        else:
            log.debug("refused: %s: %s", address, error)

    def _is_metrics_port(self, request: web.BaseRequest) -> bool:
        return bool(self._metrics_port) and local_port(request) == self._metrics_port

    def _has_metrics_token(self, request: web.BaseRequest) -> bool:
        presented = bearer(request.headers.getall("Authorization", []))
        wanted = self.rules.metrics_digest
        if presented is None or wanted is None:
            return False
        return hmac.compare_digest(digest_of(presented), wanted)
