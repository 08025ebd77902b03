"""Settings of the sign-in at an OpenID provider (OpenID Connect Core 1.0).

`access.rules_from_settings` reads the files that these settings name.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from hero_router.errors import ConfigError
from hero_router.settings.setting import check_section, text
from hero_router.settings.trusted_proxies import LOCAL, is_this_machine


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The OpenID provider at which browsers sign in, and what its claims mean here."""

    issuer: str = text(
        "",
        "ROUTER_OIDC_ISSUER",
        "address of an OpenID provider at which browsers sign in, such as "
        "https://login.example.org/realms/main; it must be exactly the text that the provider "
        "itself names as its issuer; https, or http on this machine; not set: no such sign-in",
    )
    client_id: str = text(
        "",
        "ROUTER_OIDC_CLIENT_ID",
        "client id under which this router is registered at the provider",
    )
    client_secret: str = text(
        "",
        "ROUTER_OIDC_CLIENT_SECRET",
        "client secret that the provider has given to this router; not set: the router is "
        "registered as a public client",
        private=True,
    )
    client_secret_file: str = text(
        "",
        "ROUTER_OIDC_CLIENT_SECRET_FILE",
        "file that holds the client secret (ROUTER_OIDC_CLIENT_SECRET)",
    )
    scopes: str = text(
        "openid profile email",
        "ROUTER_OIDC_SCOPES",
        "scopes that the router requests from the provider, separated by spaces; some providers "
        "send a user's groups only if another scope, such as groups, is requested too",
    )
    name_claim: str = text(
        "preferred_username",
        "ROUTER_OIDC_NAME_CLAIM",
        "claim (field of the ID token) with the user's name, for the page and the log; if the "
        "token lacks it, the claim sub is used",
    )
    roles_claim: str = text(
        "",
        "ROUTER_OIDC_ROLES_CLAIM",
        "claim (field of the ID token) with the user's roles or groups; nested claims are written "
        "with dots, as in realm_access.roles; ROUTER_OIDC_ADMIN_VALUES and "
        "ROUTER_OIDC_VIEWER_VALUES say which values give a role; not set: every user is a viewer",
    )
    admin_values: str = text(
        "",
        "ROUTER_OIDC_ADMIN_VALUES",
        "comma-separated list of the values of ROUTER_OIDC_ROLES_CLAIM that make a user an "
        "administrator; not set: no user of the provider is one",
    )
    viewer_values: str = text(
        "",
        "ROUTER_OIDC_VIEWER_VALUES",
        "comma-separated list of the values of ROUTER_OIDC_ROLES_CLAIM that make a user a viewer; "
        "if it is set, users who have none of these values and are no administrators are refused; "
        "not set: every user of the provider is a viewer",
    )
    contexts_claim: str = text(
        "",
        "ROUTER_OIDC_CONTEXTS_CLAIM",
        "claim (field of the ID token) with the contexts (tenants or environments) that the user "
        "may see, * for all; if it is set, a user without contexts is refused; not set: users see "
        "all contexts",
    )
    ca_file: str = text(
        "",
        "ROUTER_OIDC_CA_FILE",
        "file (PEM) with the certificates of the authorities by which the OpenID provider's "
        "certificate is checked, in place of those that the system trusts; not set: those",
    )

    def __post_init__(self) -> None:
        check_section(self)
        if not self.issuer:
            self._refuse_without_issuer()
            return
        if not is_safe_address(self.issuer) or "?" in self.issuer:
            raise ConfigError(
                f"ROUTER_OIDC_ISSUER={self.issuer!r} is not an address of a provider: write "
                "https://host/path without a query (http only on this machine)"
            )
        if not self.client_id:
            raise ConfigError("ROUTER_OIDC_ISSUER needs ROUTER_OIDC_CLIENT_ID")
        if self.client_secret and self.client_secret_file:
            raise ConfigError(
                "set ROUTER_OIDC_CLIENT_SECRET or ROUTER_OIDC_CLIENT_SECRET_FILE, not both"
            )
        if "openid" not in self.scopes.split():
            raise ConfigError("ROUTER_OIDC_SCOPES lacks the scope openid")
        self._check_roles()

    def _refuse_without_issuer(self) -> None:
        for name in ("client_id", "client_secret", "client_secret_file", "roles_claim",
                     "admin_values", "viewer_values", "contexts_claim", "ca_file"):  # fmt: skip
            if getattr(self, name):
                raise ConfigError(
                    f"ROUTER_OIDC_{name.upper()} is set, but ROUTER_OIDC_ISSUER is not"
                )

    def _check_roles(self) -> None:
        for name in ("admin_values", "viewer_values"):
            if (text := getattr(self, name)) and not listed(text):
                raise ConfigError(f"ROUTER_OIDC_{name.upper()} holds no value")
        has_values = bool(listed(self.admin_values) | listed(self.viewer_values))
        if has_values and not self.roles_claim:
            raise ConfigError(
                "ROUTER_OIDC_ADMIN_VALUES and ROUTER_OIDC_VIEWER_VALUES are values of "
                "ROUTER_OIDC_ROLES_CLAIM, which is not set"
            )
        if self.roles_claim and not has_values:
            raise ConfigError(
                "ROUTER_OIDC_ROLES_CLAIM needs ROUTER_OIDC_ADMIN_VALUES or "
                "ROUTER_OIDC_VIEWER_VALUES: the values that give a role"
            )

    @property
    def is_set(self) -> bool:
        """Whether browsers sign in at an OpenID provider."""
        return bool(self.issuer)


def listed(values: str) -> frozenset[str]:
    """The values in a comma-separated list; a value may have spaces inside."""
    return frozenset(each.strip() for each in values.split(",") if each.strip())


def is_safe_address(address: str) -> bool:
    """Whether nobody between can read what is sent to an address: https, or this very machine.

    It has no user, password or fragment.
    """
    try:
        found = urlsplit(address)
        host, _ = found.hostname or "", found.port
    except ValueError:
        return False
    if not host or "@" in found.netloc or "#" in address or not _is_visible(address):
        return False
    is_here = (host != LOCAL and is_this_machine(host)) or f".{host}".endswith(".localhost")
    return found.scheme == "https" or (found.scheme == "http" and is_here)


def _is_visible(address: str) -> bool:
    """Whether an address holds only visible ASCII characters, and none that URLs exclude."""
    return all("!" <= each <= "~" and each not in '<>"\\^`{|}' for each in address)
