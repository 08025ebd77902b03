"""The addresses that may connect. Pure: no I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from hero_router.settings.networks import Network
from hero_router.settings.proxies import is_this_machine, parse_address


@dataclass(frozen=True, slots=True)
class AllowedNetworks:
    """Networks whose addresses may connect; this machine always may. Without networks: no list."""

    networks: Sequence[Network] = ()

    def __bool__(self) -> bool:
        return bool(self.networks)

    def allows(self, address: str) -> bool:
        """Whether an address may connect; an IPv4 address in IPv6 form counts as IPv4."""
        if is_this_machine(address):
            return True
        found = parse_address(address)
        return found is not None and any(found in network for network in self.networks)


def client_network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 network of an IPv6 address."""
    found = parse_address(address)
    if not isinstance(found, IPv6Address):
        return address
    return str(IPv6Network((found, 64), strict=False))
