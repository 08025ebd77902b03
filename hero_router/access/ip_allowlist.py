"""Decides which client addresses may connect. Pure: no I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network

from hero_router.settings.networks import Network
from hero_router.settings.trusted_proxies import MOST_PEERS, is_this_machine, parse_address


@dataclass(frozen=True, slots=True)
class AllowedNetworks:
    """The networks that may connect, besides this machine. False if there is no network."""

    networks: Sequence[Network] = ()

    def __bool__(self) -> bool:
        return bool(self.networks)

    def allows(self, address: str) -> bool:
        """Whether an address may connect; an IPv4 address in IPv6 form counts as IPv4."""
        if is_this_machine(address):
            return True
        found = parse_address(address)
        return found is not None and any(found in network for network in self.networks)


@lru_cache(maxsize=MOST_PEERS)
def client_network(address: str) -> str:
    """The key that limits count a client by: an IPv4 address, or the /64 network of IPv6."""
    found = parse_address(address)
    if not isinstance(found, IPv6Address):
        return address
    return str(IPv6Network((found, 64), strict=False))
