"""Settings of access: tokens, allowed addresses, a login in a proxy in front, and sessions.

`access.rules` reads the files that these settings name.
"""

import re
from dataclasses import dataclass

from hero_router.errors import ConfigError
from hero_router.settings.proxies import read_networks
from hero_router.settings.setting import check_section, number, switch, text

_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]*")


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may use the router. Without any of these settings everyone who can connect may."""

    token: str = text(
        "",
        "ROUTER_TOKEN",
        "secret token of administrators, who may do everything; at least 16 characters; if it is "
        "set, every caller needs a token or a sign-in, also on this machine",
        private=True,
    )
    token_file: str = text(
        "", "ROUTER_TOKEN_FILE", "file that holds the token of administrators (ROUTER_TOKEN)"
    )
    viewer_token: str = text(
        "",
        "ROUTER_VIEWER_TOKEN",
        "secret token of viewers, who may look at services and events, and change nothing",
        private=True,
    )
    viewer_token_file: str = text(
        "", "ROUTER_VIEWER_TOKEN_FILE", "file that holds the token of viewers (ROUTER_VIEWER_TOKEN)"
    )
    viewer_contexts: str = text(
        "",
        "ROUTER_VIEWER_CONTEXTS",
        "comma-separated list of the contexts that viewers with ROUTER_VIEWER_TOKEN see; none: all",
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
        "if it is set, `hero_router access add` adds more while the router runs; none: all may "
        "connect",
    )
    auth_header: str = text(
        "",
        "ROUTER_AUTH_HEADER",
        "header in which a proxy with a login names the user, such as X-Forwarded-User; it is read "
        "only from proxies in ROUTER_TRUSTED_PROXIES",
    )
    auth_roles_header: str = text(
        "",
        "ROUTER_AUTH_ROLES_HEADER",
        "header in which that proxy lists the user's roles; a user without the role admin is a "
        "viewer",
    )
    auth_contexts_header: str = text(
        "",
        "ROUTER_AUTH_CONTEXTS_HEADER",
        "header in which that proxy lists the contexts that the user may see; if it is set, a user "
        "without contexts is refused",
    )
    open: bool = switch(
        "ROUTER_OPEN",
        "if no other setting says who may use the router: let everyone who can connect do "
        "everything, also from other machines",
    )
    session_hours: float = number(
        12,
        0.1,
        8760,
        "ROUTER_SESSION_HOURS",
        "time after which a browser has to sign in again, in hours",
        whole=False,
    )
    session_key: str = text(
        "",
        "ROUTER_SESSION_KEY",
        "secret with which browser sessions are signed, the same on all machines; at least 16 "
        "characters; default: made from the tokens",
        private=True,
    )
    metrics_token: str = text(
        "",
        "ROUTER_METRICS_TOKEN",
        "secret token with which a program may read /metrics and nothing else",
        private=True,
    )

    def __post_init__(self) -> None:
        check_section(self)
        read_networks(self.allow_ips, "ROUTER_ALLOW_IPS")
        for name, field in self._headers.items():
            if _FIELD_NAME.fullmatch(field) is None:
                raise ConfigError(f"{name}={field!r} is not the name of a header")
        if (self.auth_roles_header or self.auth_contexts_header) and not self.auth_header:
            raise ConfigError("ROUTER_AUTH_HEADER is not set, so nothing names the user")
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
    def is_open(self) -> bool:
        """Whether everyone who can connect may do everything."""
        return not (self.has_login or self.allow_ips)

    @property
    def has_tokens(self) -> bool:
        """Whether there is a token of administrators, so that a browser can sign in."""
        return bool(self.token or self.token_file or self.tokens_file)

    @property
    def has_viewers(self) -> bool:
        """Whether there is a token of viewers."""
        return bool(self.viewer_token or self.viewer_token_file)

    @property
    def has_login(self) -> bool:
        """Whether a caller has to prove who it is."""
        return bool(self.has_tokens or self.has_viewers or self.auth_header)

    def require_for(self, address: str) -> None:
        """Check before the web workers listen on `address`, which other machines can reach.

        Raises:
            ConfigError: no setting says who may use the router.
        """
        if self.is_open and not self.open:
            raise ConfigError(
                f"ROUTER_HOST={address} lets other machines connect, and nothing says who may: set "
                "ROUTER_TOKEN (a secret text of at least 16 characters), ROUTER_ALLOW_IPS, or a "
                "login by ROUTER_AUTH_HEADER; or ROUTER_OPEN=1 if everyone may do everything"
            )
