"""What the claims of a user at an OpenID provider mean: nobody gets more than the settings say."""

from typing import Any

import pytest

from hero_router.access.oidc_user import (
    MAX_CONTEXTS,
    ClaimRules,
    find_claim,
    joined,
    principal_of,
)
from hero_router.access.principal import ALL_ROLES, PrincipalKind
from hero_router.access.sessions import Sessions
from hero_router.access.signing import Signer
from hero_router.errors import SignInRefused

NOBODY = frozenset[str]()


def rules(**given: Any) -> ClaimRules:
    return ClaimRules(**{"name": "preferred_username", **given})


def test_a_user_without_further_settings_is_a_viewer_of_everything() -> None:
    claims = {"sub": "u1", "preferred_username": " anna ", "roles": ["admin"], "admin": True}
    found = principal_of(claims, rules(), "10.0.0.7")
    assert (found.name, found.contexts) == ("anna", None)
    assert found.roles == {"viewer"}
    assert (found.kind, found.address) == (PrincipalKind.OIDC, "10.0.0.7")


@pytest.mark.parametrize(
    ("held", "admins", "viewers", "roles"),
    [
        (["ops"], {"ops"}, NOBODY, ALL_ROLES),
        ("ops", {"ops"}, NOBODY, ALL_ROLES),
        (["ops"], {"ops"}, {"staff"}, ALL_ROLES),
        (["staff"], {"ops"}, {"staff"}, {"viewer"}),
        (["x"], {"ops"}, NOBODY, {"viewer"}),
        (None, {"ops"}, NOBODY, {"viewer"}),
        ("not ops", {"ops"}, NOBODY, {"viewer"}),
        ("x,ops", {"ops"}, NOBODY, {"viewer"}),
        ({"ops": 1}, {"ops"}, NOBODY, {"viewer"}),
        ([["ops"], 7, True], {"ops"}, NOBODY, {"viewer"}),
        (["OPS"], {"ops"}, NOBODY, {"viewer"}),
        (["x"], {"ops"}, {"staff"}, None),
        ([], {"ops"}, {"staff"}, None),
        (None, NOBODY, {"staff"}, None),
    ],
)
def test_roles_come_from_exact_values(
    held: Any, admins: frozenset[str], viewers: frozenset[str], roles: Any
) -> None:
    given = rules(roles="groups", admin_values=admins, viewer_values=viewers)
    claims = {"sub": "u1", "groups": held}
    if roles is None:
        with pytest.raises(SignInRefused, match="gives you no access"):
            principal_of(claims, given, "local")
    else:
        assert principal_of(claims, given, "local").roles == roles


@pytest.mark.parametrize("verified", [None, False, "false", 0])
def test_an_email_address_that_nobody_has_verified_gives_no_role(verified: Any) -> None:
    given = rules(roles="email", admin_values=frozenset({"anna@example.org"}))
    claims = {"sub": "u1", "email": "anna@example.org", "email_verified": verified}
    assert principal_of(claims, given, "local").roles == {"viewer"}
    for good in (True, "true"):
        assert principal_of({**claims, "email_verified": good}, given, "local").roles == ALL_ROLES


@pytest.mark.parametrize(
    ("held", "contexts"),
    [(["shop", "till"], {"shop", "till"}), ("shop", {"shop"}), ("shop till", {"shop till"}),
     (["shop", "*"], None), ("*", None)],
)  # fmt: skip
def test_contexts_come_from_a_claim(held: Any, contexts: Any) -> None:
    found = principal_of({"sub": "u", "tenants": held}, rules(contexts="tenants"), "local")
    assert found.contexts == contexts


@pytest.mark.parametrize("held", [None, [], "", [" "], 7])
def test_a_user_without_contexts_is_refused(held: Any) -> None:
    with pytest.raises(SignInRefused, match="no context"):
        principal_of({"sub": "u", "tenants": held}, rules(contexts="tenants"), "local")


def test_a_user_fits_into_a_cookie_or_is_refused() -> None:
    """A browser drops a cookie of more than 4096 characters without a word."""
    given, longest = rules(contexts="tenants"), [f"context-{n:04}-\U0001f600" for n in range(50)]
    claims = {"sub": "u", "preferred_username": "\U0001f600" * 500, "tenants": longest}
    found = principal_of(claims, given, "local")
    assert len(Sessions(Signer(b"k")).issue(found, "a" * 200)) < 4000
    with pytest.raises(SignInRefused, match="more contexts than a cookie can hold"):
        principal_of({**claims, "tenants": longest * 2 + ["x" * 300]}, given, "local")


def test_contexts_of_so_many_characters_fit_and_not_one_more() -> None:
    """As JSON: with brackets and quotes."""

    def contexts(length: int) -> Any:
        claims = {"sub": "u", "tenants": ["x" * (length - 4)]}
        return principal_of(claims, rules(contexts="tenants"), "local").contexts

    assert contexts(MAX_CONTEXTS) == {"x" * 1496}
    with pytest.raises(SignInRefused, match="more contexts"):
        contexts(MAX_CONTEXTS + 1)


@pytest.mark.parametrize("claims", [{"preferred_username": "n" * 101}, {"sub": "n" * 101}])
def test_a_name_is_cut(claims: dict[str, Any]) -> None:
    assert principal_of(claims, rules(), "local").name == "n" * 99 + "…"


def test_a_name_of_blanks_is_none() -> None:
    claims = {"sub": "u1", "preferred_username": "  "}
    assert principal_of(claims, rules(), "local").name == "u1"


def test_a_claim_without_a_name_gives_no_role() -> None:
    claims = {"sub": "u1", "": ["ops"]}
    given = rules(admin_values=frozenset({"ops"}))
    assert principal_of(claims, given, "local").roles == {"viewer"}


def test_values_count_without_the_blanks_around_them() -> None:
    claims = {"sub": "u1", "groups": [" ops "], "tenants": " shop "}
    given = rules(roles="groups", admin_values=frozenset({"ops"}), contexts="tenants")
    found = principal_of(claims, given, "local")
    assert (found.roles, found.contexts) == (ALL_ROLES, frozenset({"shop"}))


def test_an_email_address_that_nobody_has_verified_gives_no_context() -> None:
    given = rules(contexts="email")
    claims = {"sub": "u1", "email": "shop"}
    assert given.lacks({"preferred_username": "ann", **claims})
    with pytest.raises(SignInRefused, match="no context"):
        principal_of(claims, given, "local")
    found = principal_of({**claims, "email_verified": True}, given, "local")
    assert found.contexts == frozenset({"shop"})


def test_a_name_has_no_line_breaks_and_falls_back_to_the_subject() -> None:
    assert principal_of({"sub": "u1", "preferred_username": 7}, rules(), "local").name == "u1"
    forged = {"sub": "u1", "preferred_username": "a\nsigns in as admin"}
    assert "\n" not in principal_of(forged, rules(), "local").name


def test_a_claim_is_found_by_its_name_first_and_then_by_a_path() -> None:
    claims = {"realm_access": {"roles": ["a"]}, "https://x.example/roles": ["b"], "a": 1}
    assert find_claim(claims, "realm_access.roles") == ["a"]
    assert find_claim(claims, "https://x.example/roles") == ["b"]
    for missing in ("roles", "realm_access.x", "a.b", "a.b.c", ""):
        assert find_claim(claims, missing) is None


def test_the_provider_is_asked_for_more_only_if_a_claim_is_missing() -> None:
    given = rules(roles="groups", contexts="tenants")
    whole = {"preferred_username": "a", "groups": [], "tenants": []}
    assert not given.lacks(whole)
    for name in whole:
        assert given.lacks({key: whole[key] for key in whole if key != name})
    assert not rules().lacks({"preferred_username": "a"})


@pytest.mark.parametrize(
    ("token", "more", "address", "verified"),
    [
        ({"email": "boss@x"}, {"email": "me@x", "email_verified": True}, "me@x", True),
        ({"email": "boss@x"}, {"email_verified": True}, "boss@x", None),
        ({"email": "boss@x"}, {}, "boss@x", None),
        ({"email": "a@x", "email_verified": True}, {"email": "b@x"}, "a@x", True),
        ({}, {"email": "me@x", "email_verified": True}, "me@x", True),
        ({"email_verified": True}, {"email": "me@x"}, "me@x", None),
    ],
)
def test_an_email_address_and_its_verification_come_from_the_same_answer(
    token: dict[str, Any], more: dict[str, Any], address: str | None, verified: bool | None
) -> None:
    claims = joined({**token, "sub": "s"}, {**more, "sub": "s", "groups": ["ops"]})
    assert claims.get("email_verified") is verified
    assert claims.get("email") == address
    assert claims["groups"] == ["ops"]


def test_the_verification_of_an_email_address_is_asked_for_too() -> None:
    rules = ClaimRules("preferred_username", roles="email")
    assert rules.lacks({"preferred_username": "ann", "email": "ann@x"})
    assert not rules.lacks({"preferred_username": "ann", "email": "a@x", "email_verified": False})
