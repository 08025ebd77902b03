"""The ways of getting in, in words for operators: what is on, whom it lets in, and no secret."""

from dataclasses import replace

from hero_router.access.access_summary import Way, ways
from hero_router.access.rules_from_settings import load_rules
from hero_router.settings.access import AccessSettings
from hero_router.settings.oidc import OidcSettings
from hero_router.settings.trusted_proxies import TrustedProxies

TOKEN, KEY = "admin-0123456789abc", "session-key-0123456789"
PROVIDER = OidcSettings(
    issuer="https://login.example.org", client_id="hero", name_claim="name", roles_claim="groups",
    viewer_values="staff, crew", admin_values="ops", contexts_claim="teams",
)  # fmt: skip


def found(
    settings: AccessSettings,
    provider: OidcSettings | None = None,
    proxies: str = "",
    peers: tuple[str, ...] = (),
) -> dict[str, Way]:
    rules, trusted = load_rules(settings, provider), TrustedProxies.of(proxies)
    listed = ways(rules, trusted, peers, has_links=settings.has_session_key)
    return {each["name"]: each for each in listed}


def on(listed: dict[str, Way]) -> list[str]:
    return [name for name, way in listed.items() if way["on"]]


def test_without_any_setting_everyone_gets_in() -> None:
    listed = found(AccessSettings())
    assert on(listed) == ["open"]
    assert listed["open"]["lines"] == ["everyone who can connect is an administrator"]
    assert all(way["settings"] for way in listed.values())


def test_tokens_are_told_by_name_and_never_by_text() -> None:
    listed = found(
        AccessSettings(
            token=TOKEN,
            viewer_token="viewer-0123456789ab",
            viewer_contexts="shop, lab",
            metrics_token="metrics-0123456789a",
        )
    )
    assert on(listed) == ["token", "link", "metrics"]
    assert listed["token"]["lines"] == ["admin: administrator", "viewer: viewer of lab, shop"]
    assert "0123456789" not in str(listed)


def test_a_provider_is_told_with_the_claims_that_decide() -> None:
    listed = found(AccessSettings(session_key=KEY), PROVIDER)
    assert on(listed) == ["link", "oidc"]
    assert listed["oidc"]["lines"] == [
        "https://login.example.org",
        "administrators: groups is ops",
        "viewers: groups is crew or staff",
        "contexts: those in teams",
    ]


def test_a_provider_whose_every_user_is_a_viewer_says_so() -> None:
    everyone = OidcSettings(issuer=PROVIDER.issuer, client_id="hero")
    assert found(AccessSettings(session_key=KEY), everyone)["oidc"]["lines"] == [
        "https://login.example.org",
        "viewers: everyone with an account there",
    ]


def test_a_login_of_a_proxy_is_told_with_the_proxies_that_are_trusted() -> None:
    settings = AccessSettings(auth_header="X-User", auth_roles_header="X-Roles")
    listed = found(settings, proxies="10.0.0.1, unix")
    assert on(listed) == ["header"]
    assert listed["header"]["lines"] == [
        "X-User names the user, from 10.0.0.1/32, unix",
        "X-Roles names the roles",
    ]
    lonely = replace(settings, auth_roles_header="", auth_contexts_header="X-Contexts")
    assert found(lonely)["header"]["lines"] == [
        "X-User names the user, from no proxy: none is trusted",
        "all of them are viewers",
        "X-Contexts names the contexts",
    ]


def test_other_nodes_are_told() -> None:
    listed = found(AccessSettings(token=TOKEN), peers=("b: https://b.example.org",))
    assert listed["peers"]["lines"] == ["b: https://b.example.org"]
