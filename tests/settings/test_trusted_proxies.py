"""Trusted proxies: who may say where a request comes from, and who the user is."""

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from hero_router.settings.trusted_proxies import TrustedProxies


def test_every_program_of_this_machine_may_say_where_a_request_comes_from() -> None:
    none = TrustedProxies.of("")
    for peer in ("127.0.0.1", "127.9.9.9", "::1", "local", "", None):
        assert none.peer(peer).is_believed
    assert not none.peer("10.0.0.7").is_believed
    assert not none.peer("nonsense").is_believed


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "local", "10.0.0.7"])
def test_but_only_a_proxy_in_the_setting_may_say_who_the_user_is(peer: str) -> None:
    assert not TrustedProxies.of("").peer(peer).may_name_users
    assert TrustedProxies.of("127.0.0.1,::1,10.0.0.7,unix").peer(peer).may_name_users
    assert not TrustedProxies.of("192.0.2.0/24").peer(peer).may_name_users


@pytest.mark.parametrize(
    ("peer", "is_named"),
    [
        ("10.0.0.7", True), ("10.0.0.8", False), ("::ffff:10.0.0.7", True), ("192.168.1.200", True),
        ("::ffff:192.168.2.1", False), ("fd12::1", True), ("fe80::1", False), ("10.8.0.1", True),
        ("10.0.0.7:80", False), ("0x0a000007", False), ("fd00::1%eth0", True),
    ],
)  # fmt: skip
def test_networks_are_compared_as_networks_and_ipv4_in_ipv6_form_as_ipv4(
    peer: str, is_named: bool
) -> None:
    proxies = TrustedProxies.of("10.0.0.7, 192.168.1.0/24, fd00::/8, ::ffff:10.8.0.0/112")
    assert proxies.peer(peer)[1:] == (is_named, is_named)
    assert proxies.peer(peer).address == peer.removeprefix("::ffff:")


def test_only_some_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hero_router.settings.trusted_proxies.MOST_PEERS", 3)
    proxies = TrustedProxies.of("10.0.0.7")
    for number in range(20):
        assert proxies.peer(f"10.0.0.{number}").is_believed is (number == 7)
        assert len(proxies._peers) <= 3


@pytest.mark.parametrize(
    "setting", ["proxy.example.org", "10.0.0.0/33", "10.0.0.1/24", "1.2.3", "UNIX"]
)
def test_what_is_no_address_is_refused_at_the_start(setting: str) -> None:
    with pytest.raises(ConfigError, match="ROUTER_TRUSTED_PROXIES"):
        RouterConfig.of(trusted_proxies=setting)
