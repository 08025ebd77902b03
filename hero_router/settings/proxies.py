"""The trusted proxies (ROUTER_TRUSTED_PROXIES): whose word about a client is taken.

`access.forwarded` reads the headers in which they give it.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

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


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks of the proxies in the setting; `unix`: also those that use a Unix socket."""

    networks: Sequence[Network] = ()
    unix: bool = False

    @classmethod
    def of(cls, setting: str) -> Self:
        """Trust a comma-separated list of addresses, networks and `unix`. Raises ConfigError."""
        names = [name.strip() for name in setting.split(",")]
        networks = read_networks(",".join(name for name in names if name != UNIX), VARIABLE)
        return cls(networks, UNIX in names)

    def trusts(self, address: str) -> bool:
        """Whether a peer may say where a request comes from: address, scheme, host, request id.

        Every program of this machine may, without a setting.
        """
        return address == LOCAL or self.may_name_users(address) or _is_within(address, LOOPBACK)

    def may_name_users(self, address: str) -> bool:
        """Whether a peer may also say who the user is: only one that the setting names.

        A program of this machine may be any user's, and a browser's connections come from here too.
        """
        return self.unix if address == LOCAL else _is_within(address, self.networks)


def read_networks(setting: str, variable: str) -> list[Network]:
    """The networks in a comma-separated list of addresses and networks. Raises ConfigError."""
    names = (name.strip() for name in setting.split(","))
    return [_network(name, variable) for name in names if name]


@lru_cache(maxsize=1024)
def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address; an IPv4 address in IPv6 form is returned as IPv4. None: it is none.

    Cached: nearly all requests come from few addresses.
    """
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    found = parse_address(address)
    return found is not None and any(found in network for network in networks)


def _network(text: str, variable: str) -> Network:
    try:
        return parse_network(text)
    except ValueError as error:
        raise ConfigError(f"{variable}: {error}") from None
