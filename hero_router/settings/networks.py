"""Parses an IP address or network that a person typed, with an error message if it is wrong."""

import ipaddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""IPv4 addresses in IPv6 form (RFC 4291, 2.5.5.2): requests come from them as IPv4."""


def parse_network(text: str) -> Network:
    """An address (as a network of one) or a network; one of IPv4 in IPv6 form becomes IPv4.

    Raises:
        ValueError: the text is neither, or the address has bits set behind the prefix. The message
            is for people and says what was probably meant.
    """
    try:
        found = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(_fault(text)) from None
    if isinstance(found, ipaddress.IPv4Network):
        return found
    if "%" in text:
        raise ValueError(f"{text!r} names an interface of one machine: leave out what begins at %")
    if found.subnet_of(MAPPED):
        first = found.network_address.ipv4_mapped
        return ipaddress.IPv4Network((str(first), found.prefixlen - MAPPED.prefixlen))
    return found


def _fault(text: str) -> str:
    try:
        whole = ipaddress.ip_interface(text)
    except ValueError:
        return f"{text!r} is not an address or network such as 10.0.0.7, 10.0.0.0/8 or fd00::/8"
    return (
        f"{text!r} is an address inside a network: write {whole.network} for the network, or "
        f"{whole.ip} for the address"
    )
