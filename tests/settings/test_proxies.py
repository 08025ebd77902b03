"""Trusted proxies: whose word for the client's address is believed."""

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from hero_router.settings.proxies import TrustedProxies

PROXIES = TrustedProxies.of("10.0.0.7, 192.168.1.0/24, fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.5", [], "203.0.113.5"),
        (None, [], "local"),
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
        ("10.0.0.7", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.7", ["198.51.100.1"], "198.51.100.1"),
        (None, ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.7", ["1.1.1.1, 198.51.100.1, 192.168.1.9"], "198.51.100.1"),
        ("10.0.0.7", ["1.1.1.1", "198.51.100.1", "192.168.1.9"], "198.51.100.1"),
        ("10.0.0.7", ["192.168.1.8, 192.168.1.9"], "192.168.1.8"),
        ("10.0.0.7", ["198.51.100.1, unknown"], "10.0.0.7"),
        ("10.0.0.7", ["unknown, fd00::1"], "fd00::1"),
        ("10.0.0.7", [""], "10.0.0.7"),
        ("fd00::2", ["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_the_client_is_the_last_address_that_no_trusted_proxy_has(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    assert PROXIES.client(peer, forwarded) == client


def test_this_machine_is_trusted_without_a_setting() -> None:
    none = TrustedProxies.of("")
    assert none.trusts("127.0.0.1")
    assert none.trusts("::1")
    assert none.trusts("local")
    assert not none.trusts("10.0.0.7")
    assert not none.trusts("nonsense")


@pytest.mark.parametrize("setting", ["proxy.example.org", "10.0.0.0/33", "10.0.0.1/24", "1.2.3"])
def test_what_is_no_address_is_refused_at_the_start(setting: str) -> None:
    with pytest.raises(ConfigError, match="ROUTER_TRUSTED_PROXIES"):
        RouterConfig.of(trusted_proxies=setting)
