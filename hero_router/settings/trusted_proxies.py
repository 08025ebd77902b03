"""Decides whether a peer is a trusted proxy (ROUTER_TRUSTED_PROXIES).

`access.forwarded` reads the headers in which they give it.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Self

from hero_router.errors import ConfigError
from hero_router.settings.networks import Network, parse_network

VARIABLE = "ROUTER_TRUSTED_PROXIES"

LOCAL = "local"
"""The address of a client or proxy that connects over a Unix socket."""

UNIX = "unix"
"""The word in ROUTER_TRUSTED_PROXIES for all proxies that connect over a Unix socket."""

LOOPBACK: tuple[Network, ...] = (
    ipaddress.IPv4Network("127.0.0.0/8"),
    ipaddress.IPv6Network("::1/128"),
)
"""Networks from which only this machine connects."""


MOST_PEERS = 4096
"""Most addresses of which it is remembered what they are, and how far they are trusted."""


class Peer(NamedTuple):
    """A peer, and which of its headers are trusted. An `address` of IPv4 in IPv6 form is IPv4.

    `is_believed`: it may say where a request comes from: address, scheme, host, request id.
    `may_name_users`: it may also say who the user is.
    """

    address: str
    is_believed: bool
    may_name_users: bool


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks of the proxies in the setting; `unix`: also those that use a Unix socket."""

    networks: Sequence[Network] = ()
    unix: bool = False
    _peers: dict[str, Peer] = field(default_factory=dict, init=False, compare=False, repr=False)

    @classmethod
    def of(cls, setting: str) -> Self:
        """Trust a comma-separated list of addresses, networks and `unix`. Raises ConfigError."""
        names = [name.strip() for name in setting.split(",")]
        networks = read_networks(",".join(name for name in names if name != UNIX), VARIABLE)
        return cls(networks, UNIX in names)

    def peer(self, address: str | None) -> Peer:
        """The peer with this address; None and "" stand for a Unix socket.

        Every program of this machine is believed where a request comes from. But it may be any
        user's, and a browser's connections come from here too: so only who is in the setting may
        say who the user is. Cached: nearly all requests come from few addresses.
        """
        address = address or LOCAL
        found = self._peers.get(address)
        if found is None:
            if len(self._peers) >= MOST_PEERS:
                self._peers.clear()
            found = self._peers[address] = self._examined(address)
        return found

    def _examined(self, address: str) -> Peer:
        if address == LOCAL:
            return Peer(LOCAL, is_believed=True, may_name_users=self.unix)
        ip = parse_address(address)
        if ip is None:
            return Peer(address, is_believed=False, may_name_users=False)
        is_named = any(ip in network for network in self.networks)
        is_here = any(ip in network for network in LOOPBACK)
        return Peer(str(ip), is_believed=is_named or is_here, may_name_users=is_named)


def read_networks(setting: str, variable: str) -> list[Network]:
    """The networks in a comma-separated list of addresses and networks. Raises ConfigError."""
    names = (name.strip() for name in setting.split(","))
    return [_network(name, variable) for name in names if name]


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address; an IPv4 address in IPv6 form is returned as IPv4. None: it is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


@lru_cache(maxsize=MOST_PEERS)
def is_this_machine(address: str) -> bool:
    """Whether only this machine connects from an address: a Unix socket, or a loopback address.

    Cached, as `TrustedProxies.peer`.
    """
    found = parse_address(address)
    return address == LOCAL or (found is not None and any(found in each for each in LOOPBACK))


def _network(text: str, variable: str) -> Network:
    try:
        return parse_network(text)
    except ValueError as error:
        raise ConfigError(f"{variable}: {error}") from None
