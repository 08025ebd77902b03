"""Browser sessions: signed texts in cookies that say who the browser's user is, and until when.

A session holds for one host: `audience` is the host name of a service's own origin, "" for the
router itself. Pure: no I/O, no clock.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from hero_router.access.own_cookie import OwnCookie
from hero_router.access.principal import Principal, PrincipalKind
from hero_router.access.signing import Signer
from hero_router.store.revoked_sessions import Revocations

COOKIE = OwnCookie("hero_session")

MAX_CACHED = 1024
"""Sessions whose signature was checked and need not be checked again."""

_PURPOSE = "session"


class HeldSession(NamedTuple):
    """A session that a browser holds: its id, and when it expires (Unix ms)."""

    id: str
    expires_ms: int


class Sessions:
    """Makes and reads session cookies."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._known: dict[tuple[str, str], Principal] = {}

    def issue(self, principal: Principal, audience: str = "") -> str:
        """The cookie's value for a principal that has a session."""
        return self._signer.sign(f"{_PURPOSE} {audience}", session_content(principal))

    def read(self, value: str, audience: str, address: str, now_ms: int) -> Principal | None:
        """The principal in a cookie's value; None if this router did not sign it or it expired."""
        found = self._known.get((value, audience))
        if found is None:
            content = self._signer.read(f"{_PURPOSE} {audience}", value)
            if content is None:
                return None
            found = principal_from(content)
            if len(self._known) >= MAX_CACHED:
                del self._known[next(iter(self._known))]
            self._known[value, audience] = found
        if found.expires_ms is None or found.expires_ms <= now_ms:
            return None
        return replace(found, address=address)


def is_revoked(principal: Principal, ended: Revocations) -> bool:
    """Whether an operator or a sign-out has ended the session of a principal."""
    return bool(principal.session) and ended.ended(principal.session, principal.issued_ms)


def session_content(principal: Principal) -> dict[str, Any]:
    """A principal with a session as a JSON object, to be signed."""
    return {
        "id": principal.session,
        "name": principal.name,
        "kind": principal.kind,
        "roles": sorted(principal.roles),
        "contexts": None if principal.contexts is None else sorted(principal.contexts),
        "issued": principal.issued_ms,
        "expires": principal.expires_ms,
    }


def principal_from(content: Mapping[str, Any]) -> Principal:
    """The principal in a JSON object of `session_content`; its signature was checked before."""
    contexts = content["contexts"]
    return Principal(
        name=content["name"],
        roles=frozenset(content["roles"]),
        contexts=None if contexts is None else frozenset(contexts),
        kind=PrincipalKind(content["kind"]),
        session=content["id"],
        issued_ms=content["issued"],
        expires_ms=content["expires"],
    )
