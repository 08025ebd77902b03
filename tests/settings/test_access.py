"""Settings of access: what contradicts itself is refused, and nobody is let in by mistake."""

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.access import AccessSettings
from hero_router.settings.config import RouterConfig

TOKEN = "one-0123456789abcd"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"viewer_token": TOKEN}, "needs a token of administrators"),
        ({"token": TOKEN, "token_file": "/x"}, "not both"),
        ({"allow_ips": "nowhere"}, "ROUTER_ALLOW_IPS: 'nowhere' is not an address"),
        (
            {"allow_ips": "10.0.0.1/8"},
            "ROUTER_ALLOW_IPS: '10.0.0.1/8' is an address inside a network",
        ),
        ({"auth_header": "X User"}, "is not the name of a header"),
        ({"auth_roles_header": "X-Roles"}, "ROUTER_AUTH_HEADER is not set"),
    ],
)
def test_what_contradicts_itself_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        AccessSettings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        {"token": TOKEN}, {"token_file": "/x"}, {"tokens_file": "/x"}, {"allow_ips": "10.0.0.1"},
        {"auth_header": "X-User"}, {"open": True},
        {"oidc_issuer": "https://login.example", "oidc_client_id": "router"},
    ],
)  # fmt: skip
def test_other_machines_may_connect_once_something_says_who(values: dict[str, object]) -> None:
    RouterConfig.of(host="0.0.0.0", **values).require_access()
    RouterConfig().require_access()
    with pytest.raises(ConfigError, match=r"ROUTER_HOST=0\.0\.0\.0 lets other machines connect"):
        RouterConfig.of(host="0.0.0.0").require_access()


def test_a_router_with_a_token_is_not_open_even_if_it_could_be() -> None:
    """The compose file sets ROUTER_OPEN, as its port is for this machine only."""
    assert RouterConfig.of(open=True).is_open
    assert not RouterConfig.of(open=True, token=TOKEN).is_open
    assert not RouterConfig.of(open=True, allow_ips="10.0.0.1").is_open


def test_tokens_are_never_shown() -> None:
    config = RouterConfig.of(token=TOKEN, session_key=TOKEN + "k", metrics_token=TOKEN + "m")
    assert TOKEN not in repr(config)
    assert "'***'" in repr(config)
    assert {item.name: text for item, text in config.shown()}["token"] == "***"
    assert {item.name: text for item, text in config.shown()}["viewer_token"] == ""
