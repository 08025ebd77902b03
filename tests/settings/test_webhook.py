"""Settings of the webhook: what is no usable URL, secret or message type stops the start."""

from pathlib import Path

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from hero_router.settings.webhook import KINDS

GOOD = "whsec_" + "A" * 32
URL = "https://hooks.example/services/T0/secret"


def test_without_a_url_nothing_is_sent_and_with_one_all_messages_are() -> None:
    assert RouterConfig.of().webhook.url == ""
    found = RouterConfig.of(webhook_url=URL, webhook_secret=GOOD).webhook
    assert (found.kinds, found.key(), found.private) == (frozenset(KINDS), b"\0" * 24, False)
    chosen = RouterConfig.of(webhook_events="service.down, node.lost").webhook
    assert chosen.kinds == {"service.down", "node.lost"}


@pytest.mark.parametrize(
    "url",
    ["hooks.example", "ftp://hooks.example/", "file:///etc/passwd", "http://", "https:///path",
     "https://user:pass@hooks.example/", "https://hooks.example/#part", "https://hooks.example:x/",
     "https://hooks.example/a b", "https://hooks.example/\r\nX: y", "https://[::1", "https://é.example/"],
)  # fmt: skip
def test_what_is_no_usable_url_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ConfigError, match="ROUTER_WEBHOOK_URL") as refused:
        RouterConfig.of(webhook_url=url)
    assert url not in str(refused.value)


@pytest.mark.parametrize(
    "secret", ["plain", "whsec_", "whsec_short", "whsec_###", GOOD[6:], GOOD * 9]
)
def test_a_secret_that_is_not_one_of_standard_webhooks_is_refused(secret: str) -> None:
    with pytest.raises(ConfigError, match="openssl rand") as refused:
        RouterConfig.of(webhook_secret=secret)
    assert secret not in str(refused.value).replace("whsec_$", "") or secret == "whsec_"


def test_an_unknown_message_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"'service\.dwon' is not a message type; the types are s"
    ):
        RouterConfig.of(webhook_events="service.dwon")


def test_the_secret_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(GOOD + "\n")
    config = RouterConfig.of(webhook_secret_file=str(file))
    assert config.webhook.key() == b"\0" * 24
    file.write_text("\n")
    with pytest.raises(ConfigError, match="empty"):
        config.webhook.key()
    file.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        config.webhook.key()
    with pytest.raises(ConfigError, match="not both"):
        RouterConfig.of(webhook_secret=GOOD, webhook_secret_file="x")


def test_url_and_secret_are_never_shown() -> None:
    shown = repr(RouterConfig.of(webhook_url=URL, webhook_secret=GOOD))
    assert "T0/secret" not in shown
    assert GOOD not in shown
