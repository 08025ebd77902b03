"""What an OpenID provider says of itself: read only if it is the right one, with safe addresses."""

from typing import Any

import pytest

from hero_router.access.discovery_document import ProviderMetadata, discovery_address, read_metadata
from hero_router.errors import ProviderFailed

ISSUER = "https://login.example"
NEEDED = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.example/auth",
    "token_endpoint": "https://login.example/token",
    "jwks_uri": "https://login.example/keys",
}


@pytest.mark.parametrize("issuer", ["https://login.example/realm", "https://login.example/realm/"])
def test_the_document_stands_below_the_issuers_address(issuer: str) -> None:
    expected = "https://login.example/realm/.well-known/openid-configuration"
    assert discovery_address(issuer) == expected


def test_a_document_says_where_the_endpoints_are_and_what_the_provider_can_do() -> None:
    document = {
        **NEEDED,
        "userinfo_endpoint": "https://login.example/me",
        "token_endpoint_auth_methods_supported": ["client_secret_post", 7, "none"],
        "authorization_response_iss_parameter_supported": True,
    }
    assert read_metadata(document, ISSUER) == ProviderMetadata(
        authorization_endpoint="https://login.example/auth",
        token_endpoint="https://login.example/token",
        keys_address="https://login.example/keys",
        userinfo_endpoint="https://login.example/me",
        auth_methods=frozenset({"client_secret_post", "none"}),
        names_issuer=True,
    )


@pytest.mark.parametrize(
    "more",
    [
        {},
        {
            "userinfo_endpoint": "",
            "token_endpoint_auth_methods_supported": "client_secret_post",
            "authorization_response_iss_parameter_supported": "true",
        },
    ],
)
def test_what_a_document_does_not_say_the_provider_cannot_do(more: dict[str, Any]) -> None:
    found = read_metadata({**NEEDED, **more}, ISSUER)
    assert (found.userinfo_endpoint, found.auth_methods, found.names_issuer) == (
        "", frozenset(), False,
    )  # fmt: skip


@pytest.mark.parametrize("other", [None, 7, "https://login.example/", "https://evil.example"])
def test_the_document_of_another_provider_is_not_taken(other: object) -> None:
    with pytest.raises(ProviderFailed, match="another issuer") as failed:
        read_metadata({**NEEDED, "issuer": other}, ISSUER)
    assert repr(str(other)) in str(failed.value)


def test_only_the_beginning_of_another_name_is_told() -> None:
    with pytest.raises(ProviderFailed) as failed:
        read_metadata({**NEEDED, "issuer": "x" * 201}, ISSUER)
    assert str(failed.value).endswith(f": '{'x' * 200}'")


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"]
)
@pytest.mark.parametrize("address", [7, "http://login.example/x", "javascript:alert(1)", "/auth"])
def test_an_address_that_is_not_safe_is_not_taken(name: str, address: object) -> None:
    with pytest.raises(ProviderFailed, match=f"names no {name} with https"):
        read_metadata({**NEEDED, name: address}, ISSUER)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_these_addresses_have_to_be_there(name: str) -> None:
    with pytest.raises(ProviderFailed, match=f"names no {name} with https"):
        read_metadata({key: NEEDED[key] for key in NEEDED if key != name}, ISSUER)
