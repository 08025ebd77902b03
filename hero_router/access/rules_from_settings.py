"""Builds the access rules from the settings and from the files that the settings name."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from hero_router.access.authenticator import AccessRules, HeaderLogin, OidcRules
from hero_router.access.ip_allowlist import AllowedNetworks
from hero_router.access.oidc import Registration
from hero_router.access.oidc_user import ClaimRules
from hero_router.access.principal import ADMIN, VIEWER
from hero_router.access.sessions import Sessions
from hero_router.access.signing import Signer, derive_key
from hero_router.access.static_tokens import (
    Token,
    Tokens,
    check_secret,
    digest_of,
    make_token,
    parse_file,
)
from hero_router.errors import ConfigError
from hero_router.settings.access import AccessSettings
from hero_router.settings.oidc import OidcSettings, listed
from hero_router.settings.trusted_proxies import read_networks


def load_rules(settings: AccessSettings, provider: OidcSettings | None = None) -> AccessRules:
    """Build the access rules.

    Raises ConfigError for an unreadable file, one without a token, or an unusable token.
    """
    oidc = _oidc(provider) if provider and provider.is_set else None
    texts = dict(_named_tokens(settings))
    file = _read(settings.tokens_file, "ROUTER_TOKENS_FILE")
    in_file = parse_file(file, "ROUTER_TOKENS_FILE")
    if settings.tokens_file and not in_file:
        raise ConfigError("ROUTER_TOKENS_FILE: the file has no token")
    tokens = [*_tokens(texts, settings), *in_file]
    if settings.metrics_token:
        check_secret(settings.metrics_token, "ROUTER_METRICS_TOKEN")
    if tokens or oidc:
        _check_key(settings, tokens)
    signer = Signer(_key(settings, [*texts.values(), file]))
    return AccessRules(
        tokens=Tokens(tokens),
        networks=AllowedNetworks(read_networks(settings.allow_ips, "ROUTER_ALLOW_IPS")),
        signer=signer,
        sessions=Sessions(signer),
        header_login=_header_login(settings),
        oidc=oidc,
        metrics_digest=digest_of(settings.metrics_token) if settings.metrics_token else None,
    )


def _named_tokens(settings: AccessSettings) -> Iterator[tuple[str, str]]:
    """The texts of the two tokens that have settings of their own, by role."""
    for role, text, path, name in (
        (ADMIN, settings.token, settings.token_file, "ROUTER_TOKEN_FILE"),
        (VIEWER, settings.viewer_token, settings.viewer_token_file, "ROUTER_VIEWER_TOKEN_FILE"),
    ):
        if found := text or _read(path, name).strip():
            yield role, found
        elif path:
            raise ConfigError(f"{name}: the file is empty")


def _tokens(texts: dict[str, str], settings: AccessSettings) -> Iterator[Token]:
    contexts = [each.strip() for each in settings.viewer_contexts.split(",") if each.strip()]
    for role, text in texts.items():
        only = contexts if role == VIEWER and contexts else None
        where = "ROUTER_TOKEN" if role == ADMIN else "ROUTER_VIEWER_TOKEN"
        yield make_token(text, role, role, only, where)


def _header_login(settings: AccessSettings) -> HeaderLogin | None:
    if not settings.auth_header:
        return None
    return HeaderLogin(
        settings.auth_header, settings.auth_roles_header, settings.auth_contexts_header
    )


def _oidc(settings: OidcSettings) -> OidcRules:
    secret = settings.client_secret
    if settings.client_secret_file:
        secret = _read(settings.client_secret_file, "ROUTER_OIDC_CLIENT_SECRET_FILE").strip()
        if not secret:
            raise ConfigError("ROUTER_OIDC_CLIENT_SECRET_FILE: the file is empty")
    return OidcRules(
        Registration(settings.issuer, settings.client_id, secret, settings.scopes),
        ClaimRules(
            settings.name_claim,
            settings.roles_claim,
            listed(settings.admin_values),
            listed(settings.viewer_values),
            settings.contexts_claim,
        ),
    )


def _check_key(settings: AccessSettings, tokens: Iterable[Token]) -> None:
    """Check that nobody but an administrator can know what the key of sessions is made from.

    Who has the token of a viewer could else guess the key, and sign a session of an administrator.
    Raises ConfigError.
    """
    if settings.session_key or any(
        ADMIN in token.roles and token.contexts is None for token in tokens
    ):
        return
    raise ConfigError(
        "set ROUTER_SESSION_KEY, the secret that signs browser sessions: there is no token of an "
        "administrator of all contexts to make it from; `openssl rand -hex 32` makes one"
    )


def _key(settings: AccessSettings, secrets: list[str]) -> bytes:
    """The key of sessions, from all secrets; a random one where there is none, and no session."""
    if settings.session_key:
        check_secret(settings.session_key, "ROUTER_SESSION_KEY")
    known = [each for each in (settings.session_key, *secrets) if each]
    return derive_key(known) if known else os.urandom(32)


def _read(path: str, name: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name} is not UTF-8") from None
