"""Which peers are trusted to name the real client: proxies in front of the router."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from hero_router.errors import ConfigError

VARIABLE = "ROUTER_TRUSTED_PROXIES"

LOCAL = "local"
"""The address of a peer that has none: it is connected by a Unix socket."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK: tuple[Network, ...] = (
    ipaddress.IPv4Network("127.0.0.0/8"),
    ipaddress.IPv6Network("::1/128"),
)
"""Always trusted, as Unix sockets are: who connects from there is on this machine."""


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Networks whose peers may say for whom they ask, beside this machine itself."""

    networks: Sequence[Network] = LOOPBACK

    @classmethod
    def of(cls, setting: str) -> Self:
        """From addresses and networks with commas between. Raises ConfigError."""
        names = [name.strip() for name in setting.split(",") if name.strip()]
        return cls((*LOOPBACK, *map(_network, names)))

    def trusts(self, address: str) -> bool:
        """Whether a peer with this address is trusted."""
        if address == LOCAL:
            return True
        found = _address(address)
        return found is not None and any(found in network for network in self.networks)

    def client(self, peer: str | None, forwarded: Iterable[str]) -> str:
        """The address of the client that a request comes from.

        `forwarded` are the values of its `X-Forwarded-For` fields: each proxy adds, at the end, the
        address that it was asked by. They are read from the end for as long as the one that added
        an entry is trusted.
        """
        client = peer or LOCAL
        entries = [entry.strip() for value in forwarded for entry in value.split(",")]
        while entries and self.trusts(client):
            found = _address(entries.pop())
            if found is None:
                break
            client = str(found)
        return client


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; one of IPv4 that is written as IPv6 is the same as itself."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ConfigError(
            f"{VARIABLE}: {text!r} is no address or network; write them with commas between, as in "
            "10.0.0.7, 192.168.1.0/24, fd00::/8"
        ) from None
