"""Decides what a principal (the caller of a request) may see and do. Pure: no I/O, no clock.

What callers may do is declared here once, as `RIGHTS`. Routes, JSON-RPC methods and the way to
services ask these declarations, and the page and the documentation show them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from hero_router.access.principal import ADMIN, ALL_ROLES, VIEWER, Principal
from hero_router.errors import Forbidden
from hero_router.feed.filters import Filter


class Access(Enum):
    """The access rule of a route that needs no right."""

    ANYONE = "anyone"
    """Everyone: for health checks and the page's files."""
    READINESS = "readiness"
    """Everyone: but only callers who may look at services are told more than a word."""
    SIGN_IN = "sign_in"
    """Everyone whose address may connect (ROUTER_ALLOW_IPS): for the sign-in pages."""


class Extent(StrEnum):
    """How far a caller has a right."""

    NO = "no"
    CONTEXTS = "contexts"
    """For the services of its contexts."""
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Right:
    """Something that callers with a role may do; `what` says it to people.

    `everywhere`: only callers who may see all contexts. Others do it in the contexts that they see.
    """

    name: str
    what: str
    role: str
    everywhere: bool = False

    def require(self, principal: Principal) -> None:
        """Refuse a principal that lacks this right. Raises Forbidden."""
        if self.role not in principal.roles:
            raise Forbidden(f"this needs the role {self.role}")
        if self.everywhere and principal.contexts is not None:
            raise Forbidden(
                "this is only for users with access to all contexts, and you have access to some"
            )

    def extent(self, principal: Principal) -> Extent:
        """How far a principal has this right."""
        try:
            self.require(principal)
        except Forbidden:
            return Extent.NO
        return Extent.YES if principal.contexts is None else Extent.CONTEXTS


LOOK = Right("look", "look at services, their documents, history and events", VIEWER)
READ_METRICS = Right("metrics", "read the metrics", VIEWER, everywhere=True)
MUTE = Right("mute", "mute services, and unmute them", ADMIN)
CALL_SERVICES = Right("call", "call services through the router", ADMIN)
SCAN = Right("scan", "make all scanners scan", ADMIN, everywhere=True)
SEE_CLIENTS = Right("clients", "see who follows the events", ADMIN, everywhere=True)
READ_REDIS = Right("redis", "be told how to read the router's Redis", ADMIN, everywhere=True)
MANAGE_ACCESS = Right(
    "access", "see who may use the router, end sessions, change the list of addresses", ADMIN,
    everywhere=True,
)  # fmt: skip

RIGHTS: Sequence[Right] = (
    LOOK, READ_METRICS, MUTE, CALL_SERVICES, SCAN, SEE_CLIENTS, READ_REDIS,
    MANAGE_ACCESS,
)  # fmt: skip
"""All rights, those of viewers first."""

_SOME = frozenset({"some"})

CALLERS: Mapping[str, Principal] = {
    "viewer": Principal(roles=frozenset({VIEWER})),
    "viewer of some contexts": Principal(roles=frozenset({VIEWER}), contexts=_SOME),
    "administrator of some contexts": Principal(roles=ALL_ROLES, contexts=_SOME),
    "administrator": Principal(roles=ALL_ROLES),
}
"""One principal of each kind for which the rights differ."""


def visible(principal: Principal) -> Filter | None:
    """The filter for what the principal may see; None if it may see everything."""
    return None if principal.contexts is None else Filter(contexts=principal.contexts)


def narrowed(principal: Principal, asked: Filter | None) -> Filter | None:
    """The requested filter, limited to the contexts that the principal may see.

    Raises:
        Forbidden: no requested context is left. An empty stream would look like one without events.
    """
    allowed = visible(principal)
    if allowed is None or asked is None:
        return asked or allowed
    contexts = allowed.contexts & (asked.contexts or allowed.contexts)
    if not contexts:
        raise Forbidden("you have access to none of these contexts")
    return replace(asked, contexts=contexts)
