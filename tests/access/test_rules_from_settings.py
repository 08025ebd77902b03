"""The rules of access are made of settings and of the files that these name."""

from dataclasses import replace
from pathlib import Path

import pytest

from hero_router.access.rules_from_settings import load_rules
from hero_router.errors import ConfigError
from hero_router.settings.access import AccessSettings
from hero_router.settings.ca_file import tls_context
from hero_router.settings.oidc import OidcSettings

ONE, TWO, THREE = "one-0123456789abcd", "two-0123456789abcd", "three-0123456789ab"


def test_tokens_may_be_in_files(tmp_path: Path) -> None:
    (tmp_path / "admin").write_text(f"{ONE}\n")
    (tmp_path / "viewer").write_text(TWO)
    (tmp_path / "more").write_text(f"ci admin * {THREE}\n")
    rules = load_rules(
        AccessSettings(
            token_file=str(tmp_path / "admin"),
            viewer_token_file=str(tmp_path / "viewer"),
            tokens_file=str(tmp_path / "more"),
        )
    )
    found = [rules.tokens.find(token) for token in (ONE, TWO, THREE)]
    assert [token and token.name for token in found] == ["admin", "viewer", "ci"]
    assert not rules.is_open
    assert rules.signs_in


@pytest.mark.parametrize("name", ["token_file", "viewer_token_file", "tokens_file"])
def test_a_file_that_cannot_be_read_stops_the_start(name: str, tmp_path: Path) -> None:
    good = {} if name == "token_file" else {"token": ONE}
    settings = AccessSettings(**{**good, name: str(tmp_path / "none")})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=f"ROUTER_{name.upper()} cannot be read"):
        load_rules(settings)
    (tmp_path / "none").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_rules(settings)


def test_an_empty_file_is_no_open_router(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match="ROUTER_TOKEN_FILE: the file is empty"):
        load_rules(AccessSettings(token_file=str(tmp_path / "empty")))


@pytest.mark.parametrize("text", ["", "\n", "# ann admin * one-0123456789abcd\n"])
@pytest.mark.parametrize("others", [{}, {"auth_header": "X-User"}, {"token": ONE}], ids=str)
def test_a_file_of_tokens_without_a_token_stops_the_start(
    tmp_path: Path, text: str, others: dict[str, str]
) -> None:
    """Else the router would be open, or everyone could guess the key of sessions."""
    (tmp_path / "tokens").write_text(text)
    settings = AccessSettings(tokens_file=str(tmp_path / "tokens"), **others)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="ROUTER_TOKENS_FILE: the file has no token"):
        load_rules(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"token": "weak"}, {"token": ONE, "viewer_token": "weak"},
        {"token": "with spaces 0123456"}, {"token": ONE, "viewer_token": ONE},
        {"token": ONE, "session_key": "weak"},
        {"token": ONE, "metrics_token": "weak"},
    ],
)  # fmt: skip
def test_a_weak_token_stops_the_start_and_is_not_shown(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as refused:
        load_rules(AccessSettings(**settings))  # type: ignore[arg-type]
    assert not any(secret in str(refused.value) for secret in settings.values())


@pytest.mark.parametrize("line", ["eve viewer *", "eve viewer blue", "eve admin blue"])
def test_no_key_is_made_of_what_less_than_an_administrator_of_all_knows(
    tmp_path: Path, line: str
) -> None:
    """Who knows all that the key is made from can sign a session of anybody."""
    file = tmp_path / "tokens"
    file.write_text(f"{line} {ONE}\n")
    settings = AccessSettings(tokens_file=str(file))
    with pytest.raises(ConfigError, match="set ROUTER_SESSION_KEY"):
        load_rules(settings)
    load_rules(replace(settings, session_key=TWO))
    file.write_text(f"{line} {ONE}\nann admin * {TWO}\n")
    load_rules(settings)


def test_a_provider_needs_a_key_for_sessions_and_readable_files(tmp_path: Path) -> None:
    own = AccessSettings(session_key=ONE)
    provider = OidcSettings(issuer="https://login.example", client_id="router")
    with pytest.raises(ConfigError, match="set ROUTER_SESSION_KEY"):
        load_rules(AccessSettings(), provider)
    for settings in (own, AccessSettings(token=ONE)):
        rules = load_rules(settings, provider)
        assert (rules.is_open, rules.signs_in) == (False, True)
    secret = tmp_path / "secret"
    from_file = replace(provider, client_secret_file=str(secret))
    with pytest.raises(ConfigError, match="ROUTER_OIDC_CLIENT_SECRET_FILE cannot be read"):
        load_rules(own, from_file)
    secret.write_text("\n")
    with pytest.raises(ConfigError, match="ROUTER_OIDC_CLIENT_SECRET_FILE: the file is empty"):
        load_rules(own, from_file)
    secret.write_text("s3cret\n")
    found = load_rules(own, from_file).oidc
    assert found is not None
    assert found.registration.secret == "s3cret"
    with pytest.raises(ConfigError, match=r"ROUTER_OIDC_CA_FILE: .*none cannot be read: No such"):
        tls_context("ROUTER_OIDC_CA_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"ROUTER_OIDC_CA_FILE: .*secret holds no certificates"):
        tls_context("ROUTER_OIDC_CA_FILE", str(secret))


def test_all_secrets_make_the_key_of_sessions() -> None:
    """A viewer knows only one of them, and must not be able to sign in as another."""
    both = load_rules(AccessSettings(token=ONE, viewer_token=TWO)).signer
    signed = both.sign("a", {})
    assert load_rules(AccessSettings(token=ONE, viewer_token=TWO)).signer.read("a", signed) == {}
    for other in (AccessSettings(token=TWO), AccessSettings(token=ONE, viewer_token=THREE)):
        assert load_rules(other).signer.read("a", signed) is None
