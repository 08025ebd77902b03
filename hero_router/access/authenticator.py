"""Decides who the caller of a request is, from its credentials. Pure: no I/O, no clock.

Every request comes here before anything of its body is read: for pages, API, streams, JSON-RPC and
services alike.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from hero_router.access.attempts import FailedAttempts
from hero_router.access.ip_allowlist import AllowedNetworks
from hero_router.access.oidc import Registration
from hero_router.access.oidc_user import ClaimRules
from hero_router.access.principal import ADMIN, ALL_ROLES, VIEWER, Principal, PrincipalKind
from hero_router.access.sessions import Sessions, is_revoked
from hero_router.access.signing import Signer
from hero_router.access.static_tokens import Token, Tokens, bearer, digest_of
from hero_router.errors import Forbidden, NotReady, TooManyAttempts, Unauthorized
from hero_router.settings.trusted_proxies import MOST_PEERS
from hero_router.store.revoked_sessions import Revocations

_SEPARATORS = re.compile(r"[,;\s]+")


@dataclass(frozen=True, slots=True)
class HeaderLogin:
    """The headers in which a trusted proxy names the user; "" for one that is not set."""

    name: str
    roles: str = ""
    contexts: str = ""

    @property
    def fields(self) -> frozenset[bytes]:
        """The names of these headers in lower case."""
        names = (self.name, self.roles, self.contexts)
        return frozenset(name.lower().encode("ascii") for name in names if name)


@dataclass(frozen=True, slots=True)
class OidcRules:
    """The OpenID provider at which browsers sign in, and what its claims mean here."""

    registration: Registration
    claims: ClaimRules


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules of access. Without tokens, login and OpenID provider, everyone may use the router.

    `oidc` is the OpenID provider at which browsers sign in, None without one.
    """

    tokens: Tokens
    networks: AllowedNetworks
    signer: Signer
    sessions: Sessions
    header_login: HeaderLogin | None = None
    oidc: OidcRules | None = None
    metrics_digest: bytes | None = None

    @property
    def is_open(self) -> bool:
        """Whether callers are accepted without proving who they are."""
        return not (self.header_login or self.signs_in)

    @property
    def signs_in(self) -> bool:
        """Whether a browser can sign in at the router itself."""
        return bool(len(self.tokens) or self.oidc)

    def is_own_token(self, authorization: bytes) -> bool:
        """Whether the value of an `Authorization` header is a token of the router."""
        presented = bearer((authorization.decode("utf-8", "surrogateescape"),))
        return presented is not None and self.tokens.find(presented) is not None


class Credentials(NamedTuple):
    """The parts of a request that prove who its caller is.

    `address` is the caller's address behind trusted proxies. `audience` is the host whose sessions
    count, as in `access.sessions`. `from_trusted_proxy` says whether the request comes from a proxy
    that may name its users. `field` gives the values of a header by its name.
    """

    address: str
    field: Callable[[str], Sequence[str]]
    session_values: Sequence[str] = ()
    audience: str = ""
    from_trusted_proxy: bool = False


@dataclass(frozen=True, slots=True)
class LiveAccess:
    """What operators change in Redis at run time: added addresses, ended sessions."""

    networks: AllowedNetworks
    revocations: Revocations


class WrongToken(Unauthorized):
    """No token has this text. `is_new`: the client address had not sent this text before."""

    code = "wrong_token"

    def __init__(self, *, is_new: bool) -> None:
        super().__init__("the token is wrong")
        self.is_new = is_new


def no_peer(_: str) -> bool:
    """Whether the router of a node may state who a caller is: never, without peers."""
    return False


class Authenticator:
    """Decides who the callers of one worker are. `attempts` counts their wrong tokens.

    `is_peer` returns whether the router of a node may state who a caller is.

    `live` is None until Redis has been read for the first time.
    """

    def __init__(
        self,
        rules: AccessRules,
        attempts: FailedAttempts,
        is_peer: Callable[[str], bool] = no_peer,
    ) -> None:
        self.rules, self._attempts, self._is_peer = rules, attempts, is_peer
        self.is_open = rules.is_open

    def anyone(self, address: str, live: LiveAccess | None) -> Principal:
        """The caller, in a router without access control. Raises Forbidden, as below."""
        self.check_address(address, live)
        return _anyone(address)

    def check_address(self, address: str, live: LiveAccess | None) -> None:
        """Refuse an address that may not connect (ROUTER_ALLOW_IPS); without a list all may.

        The list in Redis only adds to it: if Redis loses its data, nobody gets in by that.

        Raises:
            Forbidden: the address is not on the list.
        """
        if not self.rules.networks or self.rules.networks.allows(address):
            return
        if live is None or not live.networks.allows(address):
            raise Forbidden(
                "your address may not connect: it is not on the list of allowed addresses"
            )

    def identify(
        self, given: Credentials, live: LiveAccess | None, now_ms: int, now: float
    ) -> Principal:
        """The caller of a request; `now` is in monotonic seconds.

        The first proof that holds decides: a session, a name from a trusted proxy, a token. The
        token of the router may stand in `Proxy-Authorization` (RFC 9110, section 11.7.2), where
        `Authorization` is meant for a service.

        Raises:
            Unauthorized: nothing says who the caller is; `WrongToken` if a token is wrong.
            TooManyAttempts: too many wrong tokens came from its address.
            Forbidden: the address is not on the list, or the login lets the caller see nothing.
            NotReady: whether the caller's session was ended is not known yet.
        """
        if self.is_open:
            return self.anyone(given.address, live)
        self.check_address(given.address, live)
        # A session and a login count first: with them `Authorization` may be meant for a service,
        # and a token that only the service knows is no attempt to guess one of the router's.
        found = self._by_session(given, live, now_ms) or self._by_header(given)
        if found is not None:
            return found
        fields = (*given.field("Proxy-Authorization"), *given.field("Authorization"))
        presented = bearer(fields)
        if presented is None:
            raise Unauthorized("this request needs a token or a sign-in")
        return bearer_of(self.check_token(presented, given.address, now), given.address)

    def still_holds(self, principal: Principal, live: LiveAccess | None, now_ms: int) -> bool:
        """Whether an open stream or tunnel of a principal may go on.

        Not if its session has ended, or its address is no longer on the list. For a caller for whom
        another node's router vouches, that router decides it, as long as it is a peer. `live` is
        None if Redis has never answered: then no session was let in, and none has been ended.
        """
        if principal.kind is PrincipalKind.HOP:
            return self._is_peer(principal.peer)
        if principal.expires_ms is not None and principal.expires_ms <= now_ms:
            return False
        try:
            self.check_address(principal.address, live)
        except Forbidden:
            return False
        return live is None or not is_revoked(principal, live.revocations)

    def check_token(self, presented: str, address: str, now: float) -> Token:
        """Find the token that a caller sends, for example in the sign-in form.

        Raises:
            WrongToken: there is no such token.
            TooManyAttempts: too many wrong tokens came from the address.
        """
        self.check_attempts(address, now)
        found = self.rules.tokens.find(presented)
        if found is None:
            raise WrongToken(is_new=self.note_attempt(presented, address, now))
        return found

    def check_attempts(self, address: str, now: float) -> None:
        """Refuse an address with too many wrong proofs. Raises TooManyAttempts."""
        if wait := self._attempts.wait(address, now):
            raise TooManyAttempts(f"too many wrong tokens; try again in {wait:.0f} s")

    def note_attempt(self, presented: str, address: str, now: float) -> bool:
        """Note a wrong token, or a code that an OpenID provider refuses; whether it is new."""
        return self._attempts.note(address, digest_of(presented), now)

    def _by_session(
        self, given: Credentials, live: LiveAccess | None, now_ms: int
    ) -> Principal | None:
        for value in given.session_values:
            found = self.rules.sessions.read(value, given.audience, given.address, now_ms)
            if found is None:
                continue
            if live is None:
                raise NotReady("this worker has not yet read from Redis which sessions were ended")
            if not is_revoked(found, live.revocations):
                return found
        return None

    def _by_header(self, given: Credentials) -> Principal | None:
        login = self.rules.header_login
        if login is None or not given.from_trusted_proxy:
            return None
        names = [name for name in given.field(login.name) if name.strip()]
        if not names:
            return None
        if len(names) > 1:
            raise Unauthorized(
                f"the proxy in front of the router names several users in {login.name}"
            )
        roles = _listed(given.field(login.roles)) if login.roles else frozenset()
        contexts = _listed(given.field(login.contexts)) if login.contexts else None
        if contexts is not None and not contexts:
            raise Forbidden("your login gives you access to no context")
        return Principal(
            name=names[0].strip(),
            roles=ALL_ROLES if ADMIN in roles else frozenset({VIEWER}),
            contexts=contexts,
            address=given.address,
            kind=PrincipalKind.HEADER,
        )


@lru_cache(maxsize=MOST_PEERS)
def _anyone(address: str) -> Principal:
    """The caller of a request to a router without access control."""
    return Principal(address=address)


def bearer_of(token: Token, address: str) -> Principal:
    """The principal of a token."""
    return Principal(token.name, token.roles, token.contexts, address, PrincipalKind.TOKEN)


def _listed(fields: Sequence[str]) -> frozenset[str]:
    return frozenset(word for field in fields for word in _SEPARATORS.split(field) if word)
