"""Decides who the caller of a request is, from its credentials. Pure: no I/O, no clock.

Every request comes here before anything of its body is read: for pages, API, streams, JSON-RPC and
services alike.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hero_router.access.attempts import FailedAttempts
from hero_router.access.networks import AllowedNetworks
from hero_router.access.principal import ADMIN, ALL_ROLES, VIEWER, Principal, PrincipalKind
from hero_router.access.sessions import Sessions, is_revoked
from hero_router.access.signing import Signer
from hero_router.access.tokens import Token, Tokens, bearer, digest_of
from hero_router.errors import Forbidden, NotReady, TooManyAttempts, Unauthorized
from hero_router.store.sessions import Revocations

_SEPARATORS = re.compile(r"[,;\s]+")


@dataclass(frozen=True, slots=True)
class HeaderLogin:
    """The headers in which a trusted proxy names the user; "" for one that is not set."""

    name: str
    roles: str = ""
    contexts: str = ""

    @property
    def fields(self) -> frozenset[bytes]:
        """The names of these headers as `proxy.headers` compares them."""
        names = (self.name, self.roles, self.contexts)
        return frozenset(name.lower().encode("ascii") for name in names if name)


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Who may use the router. Without tokens, login and OpenID provider, everyone may.

    `signs_in` says whether a browser can sign in at the router itself.
    """

    tokens: Tokens
    networks: AllowedNetworks
    signer: Signer
    sessions: Sessions
    header_login: HeaderLogin | None = None
    signs_in: bool = False
    metrics_digest: bytes | None = None

    @property
    def is_open(self) -> bool:
        """Whether no caller has to say who it is."""
        return not (len(self.tokens) or self.header_login or self.signs_in)

    def is_own_token(self, authorization: bytes) -> bool:
        """Whether the value of an `Authorization` header is a token of the router."""
        presented = bearer((authorization.decode("utf-8", "surrogateescape"),))
        return presented is not None and self.tokens.find(presented) is not None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request says of its caller.

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
    """What is changed in Redis while the router runs: addresses that were added, ended sessions."""

    networks: AllowedNetworks
    revocations: Revocations


class WrongToken(Unauthorized):
    """There is no such token. `is_new` says whether its address presents it for the first time."""

    code = "wrong_token"

    def __init__(self, *, is_new: bool) -> None:
        super().__init__("the token is wrong")
        self.is_new = is_new


class Authenticator:
    """Decides who the callers of one worker are. `attempts` counts their wrong tokens.

    `live` is None until Redis has been read for the first time.
    """

    def __init__(self, rules: AccessRules, attempts: FailedAttempts) -> None:
        self.rules, self._attempts = rules, attempts

    def check_address(self, address: str, live: LiveAccess | None) -> None:
        """Refuse an address that is not on the list, if the settings have a list.

        The list in Redis only adds to it: if Redis loses its data, nobody gets in by that.

        Raises:
            Forbidden: the address is not on the list.
        """
        if not self.rules.networks or self.rules.networks.allows(address):
            return
        if live is None or not live.networks.allows(address):
            raise Forbidden("your address is not on the list of those that may connect")

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
        self.check_address(given.address, live)
        if self.rules.is_open:
            return Principal(address=given.address)
        # A session and a login count first: with them `Authorization` may be meant for a service,
        # and a token that only the service knows is no attempt to guess one of the router's.
        found = self._by_session(given, live, now_ms) or self._by_header(given)
        if found is not None:
            return found
        fields = (*given.field("Proxy-Authorization"), *given.field("Authorization"))
        presented = bearer(fields)
        if presented is None:
            raise Unauthorized("this needs a token or a sign-in")
        return bearer_of(self.check_token(presented, given.address, now), given.address)

    def still_holds(self, principal: Principal, live: LiveAccess, now_ms: int) -> bool:
        """Whether an open stream or tunnel of a principal may go on.

        Not if its session has ended, or its address is no longer on the list.
        """
        if principal.expires_ms is not None and principal.expires_ms <= now_ms:
            return False
        try:
            self.check_address(principal.address, live)
        except Forbidden:
            return False
        return not is_revoked(principal, live.revocations)

    def check_token(self, presented: str, address: str, now: float) -> Token:
        """The token that a caller presents, as in the form to sign in.

        Raises:
            WrongToken: there is no such token.
            TooManyAttempts: too many wrong tokens came from the address.
        """
        if wait := self._attempts.wait(address, now):
            raise TooManyAttempts(f"too many wrong tokens; try again in {wait:.0f} s")
        found = self.rules.tokens.find(presented)
        if found is None:
            raise WrongToken(is_new=self._attempts.note(address, digest_of(presented), now))
        return found

    def _by_session(
        self, given: Credentials, live: LiveAccess | None, now_ms: int
    ) -> Principal | None:
        for value in given.session_values:
            found = self.rules.sessions.read(value, given.audience, given.address, now_ms)
            if found is None:
                continue
            if live is None:
                raise NotReady("this worker has not read yet which sessions were ended")
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
            raise Unauthorized(f"the proxy in front names several users in {login.name}")
        roles = _listed(given.field(login.roles)) if login.roles else frozenset()
        contexts = _listed(given.field(login.contexts)) if login.contexts else None
        if contexts is not None and not contexts:
            raise Forbidden("your login lets you see no context")
        return Principal(
            name=names[0].strip(),
            roles=ALL_ROLES if ADMIN in roles else frozenset({VIEWER}),
            contexts=contexts,
            address=given.address,
            kind=PrincipalKind.HEADER,
        )


def bearer_of(token: Token, address: str) -> Principal:
    """The principal of a token."""
    return Principal(token.name, token.roles, token.contexts, address, PrincipalKind.TOKEN)


def _listed(fields: Sequence[str]) -> frozenset[str]:
    return frozenset(word for field in fields for word in _SEPARATORS.split(field) if word)
