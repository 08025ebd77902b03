"""Trusted proxies: who may say where a request comes from, and who the user is."""

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from hero_router.settings.proxies import TrustedProxies


def test_every_program_of_this_machine_may_say_where_a_request_comes_from() -> None:
    none = TrustedProxies.of("")
    assert [none.trusts(peer) for peer in ("127.0.0.1", "127.9.9.9", "::1", "local")] == [True] * 4
    assert not none.trusts("10.0.0.7")
    assert not none.trusts("nonsense")


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "local", "10.0.0.7"])
def test_but_only_a_proxy_in_the_setting_may_say_who_the_user_is(peer: str) -> None:
    assert not TrustedProxies.of("").may_name_users(peer)
    assert TrustedProxies.of("127.0.0.1,::1,10.0.0.7,unix").may_name_users(peer)
    assert not TrustedProxies.of("192.0.2.0/24").may_name_users(peer)


@pytest.mark.parametrize(
    ("peer", "is_named"),
    [
        ("10.0.0.7", True), ("10.0.0.8", False), ("::ffff:10.0.0.7", True), ("192.168.1.200", True),
        ("::ffff:192.168.2.1", False), ("fd12::1", True), ("fe80::1", False), ("10.8.0.1", True),
        ("local", False), ("", False), ("10.0.0.7:80", False), ("0x0a000007", False),
    ],
)  # fmt: skip
def test_networks_are_compared_as_networks_and_ipv4_in_ipv6_form_as_ipv4(
    peer: str, is_named: bool
) -> None:
    proxies = TrustedProxies.of("10.0.0.7, 192.168.1.0/24, fd00::/8, ::ffff:10.8.0.0/112")
    assert proxies.trusts(peer) is (is_named or peer == "local")
    assert proxies.may_name_users(peer) is is_named


@pytest.mark.parametrize(
    "setting", ["proxy.example.org", "10.0.0.0/33", "10.0.0.1/24", "1.2.3", "UNIX"]
)
def test_what_is_no_address_is_refused_at_the_start(setting: str) -> None:
    with pytest.raises(ConfigError, match="ROUTER_TRUSTED_PROXIES"):
        RouterConfig.of(trusted_proxies=setting)
