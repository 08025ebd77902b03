"""What is checked before the web workers start."""

from pathlib import Path

import pytest

from hero_router.access.ed25519 import NodeKey
from hero_router.errors import ConfigError
from hero_router.server.preflight import prepare
from hero_router.settings.config import RouterConfig


def test_a_login_in_front_needs_a_proxy_that_may_say_who_the_user_is() -> None:
    """Not even a program of this machine may, if it is not named."""
    config = RouterConfig.of(redis_url="redis://127.0.0.1:1/0", auth_header="X-User")
    with pytest.raises(ConfigError, match="ROUTER_TRUSTED_PROXIES"):
        prepare(config)


def test_a_key_or_a_list_of_peers_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    key, peers = tmp_path / "key", f"b http://10.0.0.7 {NodeKey.make().public}"
    config = RouterConfig.of(
        redis_url="redis://127.0.0.1:1/0", node="a", node_key_file=str(key), peers=peers
    )
    with pytest.raises(ConfigError, match="ROUTER_NODE_KEY_FILE"):
        prepare(config)
    NodeKey.make().write(key)
    with pytest.raises(ConfigError, match="ROUTER_PEERS_FILE"):
        prepare(config.changed(peers="", peers_file=str(tmp_path / "none")))


def test_requests_that_would_travel_in_the_open_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def evicts_nothing(_: object) -> str:
        return ""

    monkeypatch.setattr("hero_router.server.preflight.warning", evicts_nothing)
    key = tmp_path / "key"
    NodeKey.make().write(key)
    public = NodeKey.make().public
    for url, warned in (("http://10.0.0.7", True), ("https://10.0.0.7", False)):
        caplog.clear()
        prepare(
            RouterConfig.of(
                redis_url="redis://127.0.0.1:1/0",
                node="a",
                node_key_file=str(key),
                peers=f"b {url} {public}",
            )
        )
        assert ("node b can be read and changed on the network" in caplog.text) is warned
