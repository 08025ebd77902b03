"""Principals and what they may see: a filter for what is allowed, a refusal where nothing is."""

import pytest

from hero_router.access.policy import narrowed, require_role, visible
from hero_router.access.principal import ADMIN, Principal
from hero_router.errors import Forbidden
from hero_router.feed.filters import Filter

ALL = Principal()
SHOP = Principal("clerk", frozenset(), frozenset({"shop"}))
BOTH = Principal("clerk", frozenset(), frozenset({"shop", "lab"}))


def contexts(*names: str, types: frozenset[str] = frozenset()) -> Filter:
    return Filter(types=types, contexts=frozenset(names))


def test_an_anonymous_principal_sees_everything() -> None:
    assert visible(ALL) is None
    assert narrowed(ALL, None) is None
    assert narrowed(ALL, contexts("shop")) == contexts("shop")


def test_a_restricted_principal_sees_its_contexts_only() -> None:
    assert visible(SHOP) == narrowed(SHOP, None) == contexts("shop")
    assert narrowed(BOTH, contexts("shop", "default")) == contexts("shop")


def test_what_is_asked_for_beside_contexts_is_kept() -> None:
    types = frozenset({"scan"})
    assert narrowed(SHOP, contexts(types=types)) == contexts("shop", types=types)


def test_a_principal_that_may_see_nothing_of_what_it_asks_for_is_refused() -> None:
    with pytest.raises(Forbidden):
        narrowed(SHOP, contexts("default"))


def test_a_principal_without_any_context_cannot_be_made() -> None:
    """An empty filter lets everything through: nobody may get one by mistake."""
    with pytest.raises(ValueError, match="may see nothing"):
        Principal("nobody", frozenset(), frozenset())


def test_a_role_is_required_by_name() -> None:
    require_role(ALL, ADMIN)
    with pytest.raises(Forbidden, match="admin"):
        require_role(SHOP, ADMIN)
