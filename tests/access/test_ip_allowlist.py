"""Which client addresses may connect, and which of them count as one client."""

import pytest

from hero_router.access.ip_allowlist import AllowedNetworks, client_network
from hero_router.settings.networks import parse_network

OFFICE = AllowedNetworks([parse_network("10.2.0.0/16"), parse_network("2001:db8::/32")])


@pytest.mark.parametrize(
    "address", ["10.2.3.4", "::ffff:10.2.3.4", "2001:db8::1", "127.0.0.1", "::1", "local"]
)
def test_this_machine_and_addresses_of_the_networks_may_connect(address: str) -> None:
    assert OFFICE.allows(address)


@pytest.mark.parametrize("address", ["10.3.0.1", "::ffff:10.3.0.1", "2001:db9::1", "", "nonsense"])
def test_other_addresses_and_what_is_no_address_may_not(address: str) -> None:
    assert not OFFICE.allows(address)


def test_without_a_network_only_this_machine_may() -> None:
    nobody = AllowedNetworks()
    assert not nobody
    assert OFFICE
    assert nobody.allows("127.0.0.1")
    assert not nobody.allows("10.2.3.4")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("local", "local"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_network_of_ipv6_counts_as_one_client(address: str, counted: str) -> None:
    assert client_network(address) == counted
