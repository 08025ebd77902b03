"""`Principal`: the caller of a request, its roles, and the contexts (tenants) that it may see.

The middleware makes one for each request, and every layer that decides by caller gets it. Pure: no
I/O, no clock.
"""

from dataclasses import dataclass
from enum import StrEnum

ANONYMOUS = "anonymous"

ADMIN = "admin"
"""The role of those who may do everything: call services, scan, list the connected clients."""

VIEWER = "viewer"
"""The role of those who may look at services and events, and change nothing."""

ALL_ROLES = frozenset({ADMIN, VIEWER})


class PrincipalKind(StrEnum):
    """How the router has identified the caller."""

    OPEN = "open"
    """No login is set up, or the caller is on the list of addresses that need none."""
    TOKEN = "token"  # noqa: S105 - a kind of login, no password
    """By a token of the router's settings, in a header or in a session of a browser."""
    HEADER = "header"
    """A trusted proxy in front of the router names the caller."""
    OIDC = "oidc"
    """By an OpenID provider."""
    HOP = "hop"
    """Another node's router has checked the caller and vouches for it."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request.

    `contexts` are the contexts whose services the caller may see; None: all of them. `address` is
    the caller's own IP address, also behind trusted proxies; "local" on a Unix socket. `session` is
    the id of the browser session, "" without one; `issued_ms` and `expires_ms` are when it began
    and when it ends, in Unix milliseconds. `peer` is the node whose router vouches for the caller,
    "" without one.

    Raises:
        ValueError: `contexts` is empty. Such a caller may see nothing: refuse its request instead.
    """

    name: str = ANONYMOUS
    roles: frozenset[str] = ALL_ROLES
    contexts: frozenset[str] | None = None
    address: str = "local"
    kind: PrincipalKind = PrincipalKind.OPEN
    session: str = ""
    issued_ms: int = 0
    expires_ms: int | None = None
    peer: str = ""

    def __post_init__(self) -> None:
        if self.contexts is not None and not self.contexts:
            raise ValueError("a principal without any context may see nothing")
