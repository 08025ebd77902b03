"""Settings of access: tokens, allowed addresses, a proxy that checks logins, and sessions.

`access.rules_from_settings` reads the files that these settings name.
"""

import re
from dataclasses import dataclass

from hero_router.errors import ConfigError
from hero_router.settings.setting import check_section, number, switch, text
from hero_router.settings.trusted_proxies import read_networks

_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]*")


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Rules of access. Without any of these settings everyone who can connect may do everything."""

    token: str = text(
        "",
        "ROUTER_TOKEN",
        "secret token (at least 16 characters) of administrators, who may do everything; if it is "
        "set, everyone needs a token or a sign-in, also on this machine; not set: no token is "
        "needed, unless another setting asks for a token or a sign-in",
        private=True,
    )
    token_file: str = text(
        "",
        "ROUTER_TOKEN_FILE",
        "file that holds the token of administrators; set this or ROUTER_TOKEN, not both",
    )
    viewer_token: str = text(
        "",
        "ROUTER_VIEWER_TOKEN",
        "secret token (at least 16 characters) of viewers, who may look at services and events, "
        "and change nothing; it needs a ROUTER_TOKEN",
        private=True,
    )
    viewer_token_file: str = text(
        "",
        "ROUTER_VIEWER_TOKEN_FILE",
        "file that holds the token of viewers; set this or ROUTER_VIEWER_TOKEN, not both",
    )
    viewer_contexts: str = text(
        "",
        "ROUTER_VIEWER_CONTEXTS",
        "comma-separated list of the contexts (tenants or environments, by the folders of the "
        "services) that viewers with ROUTER_VIEWER_TOKEN see; not set: all contexts",
    )
    tokens_file: str = text(
        "",
        "ROUTER_TOKENS_FILE",
        "file with more tokens, one on each line: name, role (admin or viewer), contexts "
        "(separated by commas, or *) and token, separated by spaces",
    )
    allow_ips: str = text(
        "",
        "ROUTER_ALLOW_IPS",
        "comma-separated list of addresses or networks that may connect, besides this machine; "
        "requests from others get status 403; if it is set, `hero_router access add` adds more "
        "while the router runs; not set: every address may connect",
    )
    auth_header: str = text(
        "",
        "ROUTER_AUTH_HEADER",
        "name of the header in which a proxy that has checked the login names the user, such as "
        "X-Forwarded-User; it is read only from proxies in ROUTER_TRUSTED_PROXIES",
    )
    auth_roles_header: str = text(
        "",
        "ROUTER_AUTH_ROLES_HEADER",
        "name of the header in which the proxy of ROUTER_AUTH_HEADER lists the user's roles; a "
        "user without the role admin is a viewer",
    )
    auth_contexts_header: str = text(
        "",
        "ROUTER_AUTH_CONTEXTS_HEADER",
        "name of the header in which the proxy of ROUTER_AUTH_HEADER lists the contexts (tenants "
        "or environments) that the user may see; if it is set, a user without contexts is refused",
    )
    open: bool = switch(
        "ROUTER_OPEN",
        "1: start also if other machines can connect and no setting restricts access; then "
        "everyone who can connect may do everything; 0: in this case the web workers do not start",
    )
    session_hours: float = number(
        12,
        0.1,
        8760,
        "ROUTER_SESSION_HOURS",
        "time, in hours from the sign-in, after which a browser has to sign in again",
        whole=False,
    )
    session_key: str = text(
        "",
        "ROUTER_SESSION_KEY",
        "secret (at least 16 characters) from which, with the tokens, the key is made that "
        "signs the cookies of browser sessions; the same on all machines; required with "
        "ROUTER_OIDC_ISSUER if there is no token of an administrator; not set: the tokens alone; a "
        "change of it or of a token signs all browsers out",
        private=True,
    )
    metrics_token: str = text(
        "",
        "ROUTER_METRICS_TOKEN",
        "secret token with which the monitoring may read /metrics and nothing else",
        private=True,
    )

    def __post_init__(self) -> None:
        check_section(self)
        read_networks(self.allow_ips, "ROUTER_ALLOW_IPS")
        for name, field in self._headers.items():
            if _FIELD_NAME.fullmatch(field) is None:
                raise ConfigError(f"{name}={field!r} is not the name of a header")
        if (self.auth_roles_header or self.auth_contexts_header) and not self.auth_header:
            raise ConfigError("ROUTER_AUTH_HEADER is not set, though another ROUTER_AUTH_… is")
        for one, other in (("token", "token_file"), ("viewer_token", "viewer_token_file")):
            if getattr(self, one) and getattr(self, other):
                raise ConfigError(f"set ROUTER_{one.upper()} or ROUTER_{other.upper()}, not both")
        if self.has_viewers and not (self.token or self.token_file):
            raise ConfigError("a token of viewers needs a token of administrators: ROUTER_TOKEN")

    @property
    def _headers(self) -> dict[str, str]:
        return {
            "ROUTER_AUTH_HEADER": self.auth_header,
            "ROUTER_AUTH_ROLES_HEADER": self.auth_roles_header,
            "ROUTER_AUTH_CONTEXTS_HEADER": self.auth_contexts_header,
        }

    @property
    def has_tokens(self) -> bool:
        """Whether there is a token of administrators, so that a browser can sign in."""
        return bool(self.token or self.token_file or self.tokens_file)

    @property
    def has_session_key(self) -> bool:
        """Whether there is a secret to sign sessions and sign-in links with."""
        return bool(self.session_key or self.has_tokens)

    @property
    def has_viewers(self) -> bool:
        """Whether there is a token of viewers."""
        return bool(self.viewer_token or self.viewer_token_file)

    @property
    def has_login(self) -> bool:
        """Whether a caller needs credentials."""
        return bool(self.has_tokens or self.has_viewers or self.auth_header)
