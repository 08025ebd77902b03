"""Settings of the connection to Redis: prefix, URL and password."""

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig


@pytest.mark.parametrize("prefix", ["no-tag", "no tag", "{}", "}{"])
def test_the_prefix_must_contain_a_hash_tag(prefix: str) -> None:
    with pytest.raises(ConfigError, match="ROUTER_REDIS_PREFIX"):
        RouterConfig.of(redis_prefix=prefix)


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://:hunter2@host/x"])
def test_a_url_that_cannot_be_used_is_refused_in_one_line_without_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUTER_REDIS_URL", url)
    with pytest.raises(ConfigError, match="ROUTER_REDIS_URL") as refused:
        RouterConfig.from_env()
    assert "\n" not in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_url_is_a_text() -> None:
    with pytest.raises(ConfigError, match="redis_url"):
        RouterConfig.of(redis_url=None)


def test_a_password_is_in_no_text_that_is_made_of_the_settings() -> None:
    config = RouterConfig.of(redis_url="redis://me:hunter2@host:6379/0")
    shown = {item.name: value for item, value in config.shown()}
    assert shown["redis_url"] == "redis://me:***@host:6379/0"
    assert "redis://me:***@host:6379/0" in repr(config)
    for text in (repr(config), str(config), f"{config}", *shown.values()):
        assert "hunter2" not in text
    assert "hunter2" in config.environment()["ROUTER_REDIS_URL"]
