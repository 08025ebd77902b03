"""Principals and what they may see: a filter for what is allowed, a refusal where nothing is."""

import pytest

from hero_router.access.policy import CALLERS, RIGHTS, Right, narrowed, visible
from hero_router.access.principal import ADMIN, VIEWER, Principal
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


def test_a_right_needs_a_role() -> None:
    right = Right("scan", "scan", ADMIN)
    right.require(ALL)
    with pytest.raises(Forbidden, match="the role admin"):
        right.require(SHOP)


def test_a_right_everywhere_is_for_nobody_of_some_contexts() -> None:
    right = Right("scan", "scan", VIEWER, everywhere=True)
    right.require(CALLERS["viewer"])
    with pytest.raises(Forbidden, match="all contexts"):
        right.require(CALLERS["administrator of some contexts"])


def test_who_may_do_what() -> None:
    """The whole table: whoever changes it means to."""
    assert list(CALLERS) == [
        "viewer", "viewer of some contexts", "administrator of some contexts", "administrator",
    ]  # fmt: skip
    found = {
        right.name: [str(right.extent(principal)) for principal in CALLERS.values()]
        for right in RIGHTS
    }
    yes, no, some = "yes", "no", "contexts"
    assert found == {
        "look": [yes, some, some, yes],
        "metrics": [yes, no, no, yes],
        "mute": [no, no, some, yes],
        "call": [no, no, some, yes],
        "scan": [no, no, no, yes],
        "clients": [no, no, no, yes],
        "redis": [no, no, no, yes],
        "access": [no, no, no, yes],
    }
