"""Parses the discovery document (the endpoints) of an OpenID provider. Pure: no I/O, no clock.

OpenID Connect Discovery 1.0, section 3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hero_router.errors import ProviderFailed
from hero_router.settings.oidc import is_safe_address

PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """The provider's endpoints, and what it can do.

    `userinfo_endpoint` is "" if there is none. `auth_methods` are the ways in which clients prove
    who they are at the token endpoint. `names_issuer` says whether the provider names itself when
    it sends a browser back (RFC 9207).
    """

    authorization_endpoint: str
    token_endpoint: str
    keys_address: str
    userinfo_endpoint: str
    auth_methods: frozenset[str]
    names_issuer: bool


def discovery_address(issuer: str) -> str:
    """Where the document of an issuer is (section 4)."""
    return issuer.removesuffix("/") + PATH


def read_metadata(document: Mapping[str, Any], issuer: str) -> ProviderMetadata:
    """What the document of the provider `issuer` says.

    Raises:
        ProviderFailed: it is another provider's, or an address is missing or not safe.
    """
    if document.get("issuer") != issuer:
        raise ProviderFailed(
            "the OpenID provider names another issuer than ROUTER_OIDC_ISSUER: "
            f"{str(document.get('issuer'))[:200]!r}"
        )
    methods = document.get("token_endpoint_auth_methods_supported")
    return ProviderMetadata(
        authorization_endpoint=_endpoint(document, "authorization_endpoint"),
        token_endpoint=_endpoint(document, "token_endpoint"),
        keys_address=_endpoint(document, "jwks_uri"),
        userinfo_endpoint=(
            _endpoint(document, "userinfo_endpoint") if document.get("userinfo_endpoint") else ""
        ),
        auth_methods=frozenset(
            each for each in (methods if isinstance(methods, list) else ()) if isinstance(each, str)
        ),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(document: Mapping[str, Any], name: str) -> str:
    address = document.get(name)
    if not isinstance(address, str) or not is_safe_address(address):
        raise ProviderFailed(f"the OpenID provider names no {name} with https")
    return address
