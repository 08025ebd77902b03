"""Lists the ways to get access that the settings allow, for operators. Pure: no I/O, no clock.

No token is in it, nor the digest of one.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict

from hero_router.access.authenticator import AccessRules
from hero_router.access.principal import ADMIN
from hero_router.access.static_tokens import Token
from hero_router.settings.trusted_proxies import UNIX, TrustedProxies


class Way(TypedDict):
    """A way to get access: whether it is on, by which settings, and for which callers."""

    name: str
    what: str
    on: bool
    settings: list[str]
    lines: list[str]


def ways(
    rules: AccessRules, proxies: TrustedProxies, peers: Iterable[str], *, has_links: bool
) -> list[Way]:
    """All ways, also those that are off.

    `peers` are the nodes whose routers may state who a caller is. `has_links`: there is a secret to
    sign a sign-in link with.
    """
    return [
        _way("open", "Nobody is asked who they are", ["ROUTER_OPEN"], _open(rules)),
        _way(
            "token",
            "Tokens",
            ["ROUTER_TOKEN", "ROUTER_VIEWER_TOKEN", "ROUTER_TOKENS_FILE"],
            map(_token, rules.tokens),
        ),
        _way(
            "link",
            "Links that sign a browser in, once",
            ["ROUTER_TOKEN", "ROUTER_SESSION_KEY"],
            ["administrator, by a link that hero_router access link prints"] if has_links else [],
        ),
        _way("oidc", "An OpenID provider", ["ROUTER_OIDC_ISSUER"], _oidc(rules)),
        _way(
            "header",
            "A login of a proxy in front",
            ["ROUTER_AUTH_HEADER", "ROUTER_TRUSTED_PROXIES"],
            _header(rules, proxies),
        ),
        _way("peers", "The routers of other nodes", ["ROUTER_PEERS", "ROUTER_PEERS_FILE"], peers),
        _way(
            "metrics",
            "A token for the metrics only",
            ["ROUTER_METRICS_TOKEN"],
            ["whoever has it"] if rules.metrics_digest else [],
        ),
    ]


def _way(name: str, what: str, settings: list[str], lines: Iterable[str]) -> Way:
    listed = list(lines)
    return Way(name=name, what=what, on=bool(listed), settings=settings, lines=listed)


def _open(rules: AccessRules) -> Sequence[str]:
    return ["everyone who can connect is an administrator"] if rules.is_open else []


def _token(token: Token) -> str:
    role = "administrator" if ADMIN in token.roles else "viewer"
    where = "" if token.contexts is None else f" of {', '.join(sorted(token.contexts))}"
    return f"{token.name}: {role}{where}"


def _oidc(rules: AccessRules) -> Iterator[str]:
    if rules.oidc is None:
        return
    claims = rules.oidc.claims
    yield rules.oidc.registration.issuer
    if claims.admin_values:
        yield f"administrators: {claims.roles} is {' or '.join(sorted(claims.admin_values))}"
    if claims.viewer_values:
        yield f"viewers: {claims.roles} is {' or '.join(sorted(claims.viewer_values))}"
    else:
        yield "viewers: everyone with an account there"
    if claims.contexts:
        yield f"contexts: those in {claims.contexts}"


def _header(rules: AccessRules, proxies: TrustedProxies) -> Iterator[str]:
    login = rules.header_login
    if login is None:
        return
    trusted = [*map(str, proxies.networks), *([UNIX] if proxies.unix else [])]
    yield f"{login.name} names the user, from {', '.join(trusted) or 'no proxy: none is trusted'}"
    if login.roles:
        yield f"{login.roles} names the roles"
    else:
        yield "all of them are viewers"
    if login.contexts:
        yield f"{login.contexts} names the contexts"
