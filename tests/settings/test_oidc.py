"""Settings of the sign-in at an OpenID provider: what could let strangers in is refused."""

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.oidc import OidcSettings, is_safe_address

GOOD = {"issuer": "https://login.example/realms/main", "client_id": "router"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"client_id": ""}, "ROUTER_OIDC_ISSUER needs ROUTER_OIDC_CLIENT_ID"),
        ({"issuer": "http://login.example"}, "is not an address of a provider: write https"),
        ({"issuer": "https://login.example?x=1"}, "without a query"),
        ({"client_secret": "a", "client_secret_file": "/x"}, "not both"),
        ({"scopes": "profile"}, "lacks the scope openid"),
        ({"admin_values": "ops"}, "ROUTER_OIDC_ROLES_CLAIM, which is not set"),
        ({"viewer_values": "staff"}, "ROUTER_OIDC_ROLES_CLAIM, which is not set"),
        ({"roles_claim": "groups"}, "the values that give a role"),
        (
            {"roles_claim": "groups", "admin_values": "ops", "viewer_values": ", ,"},
            "ROUTER_OIDC_VIEWER_VALUES holds no value",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(values: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        OidcSettings(**{**GOOD, **values})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["client_id", "client_secret", "client_secret_file", "roles_claim", "admin_values",
     "viewer_values", "contexts_claim", "ca_file"],
)  # fmt: skip
def test_a_setting_without_a_provider_is_not_ignored(name: str) -> None:
    with pytest.raises(
        ConfigError, match=f"ROUTER_OIDC_{name.upper()} is set, but ROUTER_OIDC_ISSUER is not"
    ):
        OidcSettings(**{name: "x"})


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        ("https://login.example", True), ("https://login.example:8443/a/", True),
        ("http://127.0.0.1:9400", True), ("http://[::1]:9400", True), ("http://localhost", True),
        ("http://idp.localhost:1", True), ("http://login.example", False),
        ("http://local", False), ("http://localhost.example", False), ("http://10.0.0.1", False),
        ("https://user@login.example", False), ("https://login.example/#a", False),
        ("https://", False), ("https://[", False), ("https://login.example:x", False),
        ("ftp://login.example", False), ("login.example", False), ("https://a b", False),
        ("https://a.example/\n", False), ("https://ä.example", False), ("", False),
    ],
)  # fmt: skip
def test_only_addresses_that_nobody_between_can_read_are_used(address: str, is_safe: bool) -> None:
    assert is_safe_address(address) is is_safe
