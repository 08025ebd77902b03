"""What a principal may see and do, as filters and refusals. Pure."""

from dataclasses import replace

from hero_router.access.principal import Principal
from hero_router.errors import Forbidden
from hero_router.feed.filters import Filter


def visible(principal: Principal) -> Filter | None:
    """The filter that lets through what the principal may see; None lets everything through."""
    return None if principal.contexts is None else Filter(contexts=principal.contexts)


def narrowed(principal: Principal, asked: Filter | None) -> Filter | None:
    """The part of what was asked for that the principal may see.

    Raises:
        Forbidden: that part is empty. An empty stream would look like a quiet one.
    """
    allowed = visible(principal)
    if allowed is None or asked is None:
        return asked or allowed
    contexts = allowed.contexts & (asked.contexts or allowed.contexts)
    if not contexts:
        raise Forbidden("you may see none of these contexts")
    return replace(asked, contexts=contexts)


def require_role(principal: Principal, role: str) -> None:
    """Refuse a principal that lacks a role. Raises Forbidden."""
    if role not in principal.roles:
        raise Forbidden(f"this needs the role {role}")
