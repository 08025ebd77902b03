"""The trusted proxies (ROUTER_TRUSTED_PROXIES), and the client's address behind them."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from hero_router.errors import ConfigError

VARIABLE = "ROUTER_TRUSTED_PROXIES"

LOCAL = "local"
"""The address of a client or proxy that connects over a Unix socket."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK: tuple[Network, ...] = (
    ipaddress.IPv4Network("127.0.0.0/8"),
    ipaddress.IPv6Network("::1/128"),
)
"""Networks that are always trusted, as Unix sockets are: only this machine connects from them."""


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks of trusted proxies; proxies on this machine are always trusted."""

    networks: Sequence[Network] = LOOPBACK

    @classmethod
    def of(cls, setting: str) -> Self:
        """Trust a comma-separated list of addresses and networks. Raises ConfigError."""
        return cls((*LOOPBACK, *read_networks(setting, VARIABLE)))

    def trusts(self, address: str) -> bool:
        """Whether a proxy with this address is trusted."""
        if address == LOCAL:
            return True
        found = parse_address(address)
        return found is not None and any(found in network for network in self.networks)

    def client(self, peer: str | None, forwarded: Iterable[str]) -> str:
        """The address of the client behind the trusted proxies.

        `peer` is the address at the other end of the connection, `forwarded` the values of the
        request's X-Forwarded-For headers. A proxy adds the address that connected to it at the end.
        Entries are read from the end, as long as a trusted proxy added them.
        """
        client = peer or LOCAL
        entries = [entry.strip() for value in forwarded for entry in value.split(",")]
        while entries and self.trusts(client):
            found = parse_address(entries.pop())
            if found is None:
                break
            client = str(found)
        return client


def read_networks(setting: str, variable: str) -> list[Network]:
    """The networks in a comma-separated list of addresses and networks. Raises ConfigError."""
    names = (name.strip() for name in setting.split(","))
    return [_network(name, variable) for name in names if name]


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address; an IPv4 address in IPv6 form is returned as IPv4."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _network(text: str, variable: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ConfigError(
            f"{variable}: {text!r} is not an address or network; separate them by commas, as in "
            "10.0.0.7, 192.168.1.0/24, fd00::/8"
        ) from None
