"""Makes a principal from the claims of an ID token, by the settings. Pure: no I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hero_router.access.principal import ALL_ROLES, VIEWER, Principal, PrincipalKind
from hero_router.errors import SignInRefused
from hero_router.sanitize import clean
from hero_router.strict_json import encode

ALL_CONTEXTS = "*"

MAX_NAME = 100
"""Most characters of a user's name."""

MAX_CONTEXTS = 1500
"""Most characters of all contexts of a user as JSON: with them and the name, the session's cookie
stays below the 4096 characters that browsers keep."""

EMAIL, EMAIL_VERIFIED = "email", "email_verified"


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """The claims that say who a user is and what it may do; "" for one that is not set.

    Users whose `roles` hold none of `viewer_values` are refused; without values nobody is.
    """

    name: str
    roles: str = ""
    admin_values: frozenset[str] = frozenset()
    viewer_values: frozenset[str] = frozenset()
    contexts: str = ""

    def lacks(self, claims: Mapping[str, Any]) -> bool:
        """Whether one of these claims is missing, so that the provider should be asked for more."""
        needed = {*filter(None, (self.name, self.roles, self.contexts))}
        if EMAIL in (self.roles, self.contexts):
            needed.add(EMAIL_VERIFIED)
        return any(find_claim(claims, each) is None for each in needed)


def joined(token: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of an ID token, with those that only the provider's UserInfo has.

    An email address and whether it is verified are taken from the same of both: else one could
    vouch for an address that the other names.
    """
    pair = (EMAIL, EMAIL_VERIFIED)
    is_whole = all(name in token for name in pair)
    source = token if is_whole or EMAIL not in more else more
    claims = {name: value for name, value in {**more, **token}.items() if name not in pair}
    return {**claims, **{name: source[name] for name in pair if name in source}}


def principal_of(claims: Mapping[str, Any], rules: ClaimRules, address: str) -> Principal:
    """The user of these claims, which were checked before. Nobody becomes administrator unasked.

    Raises:
        SignInRefused: the claims let the user see nothing.
    """
    return Principal(
        name=_name(claims, rules),
        roles=_roles(claims, rules),
        contexts=_contexts(claims, rules),
        address=address,
        kind=PrincipalKind.OIDC,
    )


def find_claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name, which may hold dots, else by a path of names; None without it."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _name(claims: Mapping[str, Any], rules: ClaimRules) -> str:
    named = clean(find_claim(claims, rules.name), MAX_NAME).strip()
    return named or clean(claims.get("sub"), MAX_NAME)


def _roles(claims: Mapping[str, Any], rules: ClaimRules) -> frozenset[str]:
    held = _values(claims, rules.roles) if rules.roles else frozenset[str]()
    if held & rules.admin_values:
        return ALL_ROLES
    if rules.viewer_values and not held & rules.viewer_values:
        raise SignInRefused("your account at the provider gives you no access to this router")
    return frozenset({VIEWER})


def _contexts(claims: Mapping[str, Any], rules: ClaimRules) -> frozenset[str] | None:
    if not rules.contexts:
        return None
    found = _values(claims, rules.contexts)
    if not found:
        raise SignInRefused("your account at the provider gives you access to no context")
    if ALL_CONTEXTS in found:
        return None
    if len(encode(sorted(found))) > MAX_CONTEXTS:
        raise SignInRefused("your account at the provider has more contexts than a cookie can hold")
    return found


def _values(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """The texts in a claim: a list of them, or one, which is never split.

    An email address counts only if the provider has verified it: else users could choose it.
    """
    if name == EMAIL and claims.get(EMAIL_VERIFIED) not in (True, "true"):
        return frozenset()
    found = find_claim(claims, name)
    listed = found if isinstance(found, list) else [found]
    return frozenset(each.strip() for each in listed if isinstance(each, str) and each.strip())
