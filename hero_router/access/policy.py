"""Decides what a principal (the caller of a request) may see and do. Pure: no I/O, no clock."""

from dataclasses import replace
from enum import Enum

from hero_router.access.principal import ADMIN, VIEWER, Principal
from hero_router.errors import Forbidden
from hero_router.feed.filters import Filter


class Access(Enum):
    """What a route asks of its callers."""

    ANYONE = "anyone"
    """Nothing: health, the page's files."""
    SIGN_IN = "sign_in"
    """Only an address that may connect: the pages to sign in."""
    VIEWER = VIEWER
    """The role `viewer`: to look at services and events."""
    ADMIN = ADMIN
    """The role `admin`: to change something, to call a service, to see other callers."""
    METRICS = "metrics"
    """The token of the metrics, or the role `viewer`."""


def visible(principal: Principal) -> Filter | None:
    """The filter that lets through what the principal may see; None lets everything through."""
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
        raise Forbidden("you may see none of these contexts")
    return replace(asked, contexts=contexts)


def require_all_contexts(principal: Principal) -> None:
    """Refuse a principal that may see only some contexts, where all count. Raises Forbidden."""
    if principal.contexts is not None:
        raise Forbidden("this shows what is in all contexts, and you may see only some")


def require_role(principal: Principal, role: str) -> None:
    """Refuse a principal that lacks a role. Raises Forbidden."""
    if role not in principal.roles:
        raise Forbidden(f"this needs the role {role}")
