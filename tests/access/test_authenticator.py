"""Who the caller of a request is: one table of credentials and what each proves."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from multidict import CIMultiDict

from hero_router.access.attempts import MAX_WRONG, SECONDS, FailedAttempts
from hero_router.access.authenticator import (
    Authenticator,
    Credentials,
    LiveAccess,
    WrongToken,
    bearer_of,
)
from hero_router.access.ip_allowlist import AllowedNetworks
from hero_router.access.principal import ADMIN, ALL_ROLES, VIEWER, Principal, PrincipalKind
from hero_router.access.rules_from_settings import load_rules
from hero_router.errors import Forbidden, NotReady, RouterError, TooManyAttempts, Unauthorized
from hero_router.settings.access import AccessSettings
from hero_router.settings.networks import parse_network
from hero_router.store.revoked_sessions import Revocations

TOKEN, VIEWING = "admin-0123456789abc", "viewer-0123456789ab"
ONLY_VIEWER = frozenset({VIEWER})
NOW_MS, NOW = 1_000_000, 50.0
NOTHING_CHANGED = LiveAccess(AllowedNetworks(), Revocations())
SETTINGS = AccessSettings(token=TOKEN, viewer_token=VIEWING, viewer_contexts="shop, lab")
BEHIND_LOGIN = AccessSettings(
    auth_header="X-User", auth_roles_header="X-Roles", auth_contexts_header="X-Contexts"
)


def authenticator(settings: AccessSettings = SETTINGS) -> Authenticator:
    return Authenticator(load_rules(settings), FailedAttempts())


def given(
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    sessions: Sequence[str] = (),
    **fields: Any,
) -> Credentials:
    known = CIMultiDict(headers)
    values: dict[str, Any] = {"address": "10.9.9.9", **fields}
    return Credentials(field=lambda name: known.getall(name, []), session_values=sessions, **values)


def identified(
    by: Authenticator,
    credentials: Credentials,
    live: LiveAccess | None = NOTHING_CHANGED,
    now: float = NOW,
) -> Principal:
    return by.identify(credentials, live, NOW_MS, now)


@pytest.mark.parametrize(
    ("headers", "roles", "contexts"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, ALL_ROLES, None),
        ({"authorization": f"bearer   {TOKEN} "}, ALL_ROLES, None),
        ({"Proxy-Authorization": f"Bearer {TOKEN}"}, ALL_ROLES, None),
        (
            {"Proxy-Authorization": f"Bearer {TOKEN}", "Authorization": "Bearer of-a-service"},
            ALL_ROLES,
            None,
        ),
        ({"Authorization": f"Bearer {VIEWING}"}, ONLY_VIEWER, frozenset({"shop", "lab"})),
    ],
)
def test_a_token_says_who_the_caller_is(
    headers: dict[str, str], roles: frozenset[str], contexts: frozenset[str] | None
) -> None:
    found = identified(authenticator(), given(headers))
    assert (found.roles, found.kind) == (roles, PrincipalKind.TOKEN)
    assert found.contexts == contexts
    assert found.address == "10.9.9.9"


@pytest.mark.parametrize(
    "value",
    [
        "", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN} {TOKEN}", f"Bearer\t{TOKEN}",
        f"Bearer {TOKEN.upper()}", "Bearer \udcff\udcfe", "Bearer " + "x" * 8000,
        "Basic YTpiOmM=",
    ],
)  # fmt: skip
def test_any_other_value_proves_nothing(value: str) -> None:
    with pytest.raises(Unauthorized):
        identified(authenticator(), given({"Authorization": value}))


def test_without_any_rule_everyone_may_do_everything() -> None:
    found = identified(authenticator(AccessSettings()), given())
    assert (found.roles, found.kind) == (ALL_ROLES, PrincipalKind.OPEN)


# Sessions


def session(by: Authenticator, audience: str = "", **changes: Any) -> str:
    token = by.rules.tokens.find(TOKEN)
    assert token is not None
    whole = replace(
        bearer_of(token, ""), session="s1", issued_ms=NOW_MS - 10, expires_ms=NOW_MS + 10
    )
    return by.rules.sessions.issue(replace(whole, **changes), audience)


def test_a_session_says_who_the_browsers_user_is() -> None:
    by = authenticator()
    found = identified(by, given(sessions=["nonsense", session(by)]))
    assert (found.name, found.session, found.address) == (ADMIN, "s1", "10.9.9.9")


def test_a_session_wins_over_a_token_that_only_a_service_knows() -> None:
    """Such a token is no attempt to guess one of the router's."""
    by = authenticator()
    for number in range(3 * MAX_WRONG):
        headers = {"Authorization": f"Bearer of-a-service-{number}"}
        assert identified(by, given(headers, [session(by)])).session == "s1"
    assert identified(by, given({"Authorization": f"Bearer {TOKEN}"})).name == ADMIN


@pytest.mark.parametrize(
    ("case", "live"),
    [
        ("expired", NOTHING_CHANGED),
        ("ended", LiveAccess(AllowedNetworks(), Revocations(frozenset({"s1"})))),
        ("all ended", LiveAccess(AllowedNetworks(), Revocations(before_ms=NOW_MS - 10))),
        ("other host", NOTHING_CHANGED),
        ("other key", NOTHING_CHANGED),
        ("changed", NOTHING_CHANGED),
    ],
)
def test_a_session_that_does_not_hold_proves_nothing(case: str, live: LiveAccess) -> None:
    by = authenticator()
    other = authenticator(replace(SETTINGS, token="another-0123456789ab"))
    forged = Principal(session="s1", expires_ms=NOW_MS + 9)
    value = {
        "expired": lambda: session(by, expires_ms=NOW_MS),
        "other host": lambda: session(by, "shop.localhost"),
        "other key": lambda: other.rules.sessions.issue(forged),
        "changed": lambda: "A" + session(by)[1:],
    }.get(case, lambda: session(by))()
    with pytest.raises(Unauthorized):
        identified(by, given(sessions=[value]), live)


def test_a_session_that_was_read_for_one_host_holds_for_no_other() -> None:
    """Also not from memory, where sessions whose signature was checked are kept."""
    by = authenticator()
    value = session(by)
    assert identified(by, given(sessions=[value])).session == "s1"
    with pytest.raises(Unauthorized):
        identified(by, given(sessions=[value], audience="shop.localhost"))


def test_a_session_that_began_after_all_were_ended_holds() -> None:
    by = authenticator()
    live = LiveAccess(AllowedNetworks(), Revocations(before_ms=NOW_MS - 11))
    assert identified(by, given(sessions=[session(by)]), live).session == "s1"


def test_no_session_holds_until_it_is_known_which_were_ended() -> None:
    by = authenticator()
    with pytest.raises(NotReady):
        identified(by, given(sessions=[session(by)]), None)
    assert identified(by, given({"Authorization": f"Bearer {TOKEN}"}), None).name == ADMIN


# A login in a proxy in front


@pytest.mark.parametrize(
    ("headers", "roles"),
    [
        ({"X-User": "eve", "X-Contexts": "shop"}, ONLY_VIEWER),
        ({"X-User": "eve", "X-Contexts": "shop", "X-Roles": ""}, ONLY_VIEWER),
        ({"X-User": "eve", "X-Contexts": "shop", "X-Roles": "Admin,administrator"}, ONLY_VIEWER),
        ({"X-User": "eve", "X-Contexts": "shop", "X-Roles": "ops, admin"}, ALL_ROLES),
    ],
)
def test_a_trusted_proxy_names_the_caller(headers: dict[str, str], roles: frozenset[str]) -> None:
    found = identified(authenticator(BEHIND_LOGIN), given(headers, from_trusted_proxy=True))
    assert (found.name, found.roles) == ("eve", roles)
    assert found.contexts == frozenset({"shop"})


@pytest.mark.parametrize(
    ("headers", "trusted", "error"),
    [
        ({"X-User": "eve", "X-Contexts": "shop", "X-Roles": "admin"}, False, Unauthorized),
        ({"X-User": " ", "X-Contexts": "shop"}, True, Unauthorized),
        ({"X-Roles": "admin", "X-Contexts": "shop"}, True, Unauthorized),
        ([("X-User", "eve"), ("X-User", "mallory"), ("X-Contexts", "shop")], True, Unauthorized),
        ({"X-User": "eve"}, True, Forbidden),
        ({"X-User": "eve", "X-Contexts": " ,"}, True, Forbidden),
    ],
)
def test_a_name_that_nobody_vouches_for_proves_nothing(
    headers: Any, trusted: bool, error: type[RouterError]
) -> None:
    with pytest.raises(error):
        identified(authenticator(BEHIND_LOGIN), given(headers, from_trusted_proxy=trusted))


# Addresses


LISTED = replace(SETTINGS, allow_ips="10.1.0.0/16, fd00::/8")
ADDED = LiveAccess(AllowedNetworks([parse_network("10.2.0.7")]), Revocations())


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("fd00::1", True), ("10.2.0.7", True),
        ("127.0.0.1", True), ("::1", True), ("local", True),
        ("10.2.0.8", False), ("fe80::1", False), ("", False), ("evil", False),
    ],
)  # fmt: skip
def test_only_addresses_on_the_list_may_connect_even_with_a_token(
    address: str, *, may: bool
) -> None:
    by, credentials = authenticator(LISTED), {"Authorization": f"Bearer {TOKEN}"}
    if may:
        assert identified(by, given(credentials, address=address), ADDED).name == ADMIN
    else:
        with pytest.raises(Forbidden):
            identified(by, given(credentials, address=address), ADDED)


def test_the_list_in_redis_only_adds_to_that_of_the_settings() -> None:
    """So nobody gets in when Redis loses its data, and nobody is locked out by one entry."""
    by = authenticator(SETTINGS)
    credentials = given({"Authorization": f"Bearer {TOKEN}"}, address="192.0.2.1")
    assert identified(by, credentials, ADDED).name == ADMIN
    with pytest.raises(Forbidden):
        identified(authenticator(LISTED), given(address="10.2.0.7"), NOTHING_CHANGED)
    with pytest.raises(Forbidden):
        identified(authenticator(LISTED), given(address="10.2.0.7"), None)


def test_without_a_login_the_list_alone_decides() -> None:
    by = authenticator(AccessSettings(allow_ips="10.1.0.0/16"))
    assert identified(by, given(address="10.1.0.1")).roles == ALL_ROLES
    with pytest.raises(Forbidden):
        identified(by, given(address="10.3.0.1"))


# What is open


def test_what_is_open_may_go_on_while_the_session_and_the_address_hold() -> None:
    by = authenticator(LISTED)
    held = Principal(address="10.2.0.7", session="s1", issued_ms=5, expires_ms=NOW_MS + 1)
    assert by.still_holds(held, ADDED, NOW_MS)
    assert not by.still_holds(held, ADDED, NOW_MS + 1)
    assert not by.still_holds(held, NOTHING_CHANGED, NOW_MS)
    ended = replace(ADDED, revocations=Revocations(frozenset({"s1"})))
    assert not by.still_holds(held, ended, NOW_MS)
    assert by.still_holds(replace(held, session="s2"), ended, NOW_MS)


# Wrong tokens


def test_an_address_that_tries_many_tokens_has_to_wait() -> None:
    by = authenticator()
    good = {"Authorization": f"Bearer {TOKEN}"}
    for number in range(MAX_WRONG):
        with pytest.raises(WrongToken) as wrong:
            identified(by, given({"Authorization": f"Bearer wrong-{number}"}))
        assert wrong.value.is_new
    with pytest.raises(TooManyAttempts):
        identified(by, given(good))
    assert identified(by, given(good, address="10.9.9.10")).name == ADMIN
    assert identified(by, given(good, [session(by)])).session == "s1"
    assert identified(by, given(good), now=NOW + SECONDS).name == ADMIN


def test_the_same_wrong_token_counts_once() -> None:
    """A program with an old token must not lock out the others at its address."""
    by = authenticator()
    seen = []
    for _ in range(3 * MAX_WRONG):
        with pytest.raises(WrongToken) as wrong:
            identified(by, given({"Authorization": "Bearer an-old-one"}))
        seen.append(wrong.value.is_new)
    assert seen == [True] + [False] * (3 * MAX_WRONG - 1)
    assert identified(by, given({"Authorization": f"Bearer {TOKEN}"})).name == ADMIN
