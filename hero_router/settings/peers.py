"""Settings of the routers of other nodes (peers): their URLs and public keys.

`access.peer_list` reads the files that these settings name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hero_router.errors import ConfigError
from hero_router.settings.host_and_origin_check import Authority
from hero_router.settings.setting import check_section, text
from hero_router.settings.trusted_proxies import is_this_machine

MOST_KEYS = 2
"""Most keys of one peer at the same time: the old one and the new one."""

_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(https?)://([^/?#]+)/?", re.IGNORECASE)
_KEY = re.compile(r"ed25519:[A-Za-z0-9_-]{43}")
_SEPARATOR = re.compile(r"[,\n]")


class PeerUrl(NamedTuple):
    """The URL of a router in its one form. An IPv6 host has brackets."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port as in a `Host` header, without a port that is the scheme's own."""
        usual = _PORTS[self.scheme] == self.port
        return self.host if usual else f"{self.host}:{self.port}"

    @property
    def is_tls(self) -> bool:
        """Whether the router is reached by TLS."""
        return self.scheme == "https"

    @property
    def is_guarded(self) -> bool:
        """Whether nobody reads on the way: by TLS, or because it does not leave this machine."""
        return self.is_tls or self.host == "localhost" or is_this_machine(self.address)

    @property
    def address(self) -> str:
        """The host without brackets, to connect to."""
        return self.host.strip("[]")


class PeerEntry(NamedTuple):
    """One peer as the settings name it: its node, its URL, and its public keys as texts."""

    node: str
    url: PeerUrl
    keys: tuple[str, ...]


def parse_url(given: str) -> PeerUrl | None:
    """The URL of a router; None if it is none, or has a path, a query or a user."""
    found = _URL.fullmatch(given)
    authority = Authority.parse(found[2]) if found else None
    if found is None or authority is None:
        return None
    scheme = found[1].lower()
    port = int(authority.port or _PORTS[scheme])
    return PeerUrl(scheme, authority.host, port) if port else None


def parse_peers(given: str, where: str) -> list[PeerEntry]:
    """The peers in a text: node, URL and one or two keys, separated by spaces.

    Peers are separated by commas or line breaks. Empty lines, and lines that begin with `#`, are
    skipped. `where` is the setting that the text comes from.

    Raises:
        ConfigError: a peer is malformed, or two have the same node or key.
    """
    found = [_entry(words, f"{where}, peer {number}") for number, words in _listed(given)]
    nodes = [each.node for each in found]
    keys = [key for each in found for key in each.keys]
    for what, names in (("node", nodes), ("key", keys)):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ConfigError(f"{where}: the {what} {twice[0]} is in the list twice")
    return found


def _listed(given: str) -> Iterator[tuple[int, list[str]]]:
    lines = (line for line in given.split("\n") if not line.lstrip().startswith("#"))
    entries = (each.split() for each in _SEPARATOR.split("\n".join(lines)))
    return enumerate(filter(None, entries), 1)


def _entry(words: Sequence[str], place: str) -> PeerEntry:
    if not 3 <= len(words) <= 2 + MOST_KEYS:
        raise ConfigError(f"{place}: write node, URL and one or two keys, separated by spaces")
    node, address, *keys = words
    url = parse_url(address)
    if url is None:
        raise ConfigError(f"{place}: {address!r} is not a URL as in https://router.example.org")
    for key in keys:
        if _KEY.fullmatch(key) is None:
            raise ConfigError(
                f"{place}: {key!r} is not a public key as `hero_router node-key` prints it"
            )
    return PeerEntry(node, url, tuple(keys))


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """How the routers of several nodes pass requests on to each other. Without them none does."""

    advertise_url: str = text(
        "",
        "ROUTER_ADVERTISE_URL",
        "URL at which the routers of other nodes reach this node's router, such as "
        "https://router.example.org; it must be the URL in their ROUTER_PEERS; not set: they "
        "cannot reach the services of this node",
    )
    node_key_file: str = text(
        "",
        "ROUTER_NODE_KEY_FILE",
        "file with this node's private key, with which its web workers sign the requests that they "
        "pass on to other nodes; `hero_router node-key` makes one",
    )
    peers: str = text(
        "",
        "ROUTER_PEERS",
        "comma-separated list of the other nodes (peers): name of the node, URL of its router, and "
        "its public key, separated by spaces; the router forwards requests only to these nodes, "
        "and accepts forwarded requests only from them",
    )
    peers_file: str = text(
        "",
        "ROUTER_PEERS_FILE",
        "file with the list of ROUTER_PEERS, one node on each line; a change of the file takes "
        "effect while the router runs",
    )
    ca_file: str = text(
        "",
        "ROUTER_PEERS_CA",
        "file (PEM) with the certificates of the authorities by which the certificates of nodes "
        "with https URLs are checked; not set: the authorities that the system trusts",
    )

    def __post_init__(self) -> None:
        check_section(self)
        if self.advertise_url and parse_url(self.advertise_url) is None:
            raise ConfigError(
                f"ROUTER_ADVERTISE_URL={self.advertise_url!r} is not a URL as in "
                "https://router.example.org: without a path, a query or a user"
            )
        parse_peers(self.peers, "ROUTER_PEERS")
        if self.peers and self.peers_file:
            raise ConfigError("set ROUTER_PEERS or ROUTER_PEERS_FILE, not both")
        if self.has_peers and not self.node_key_file:
            raise ConfigError("ROUTER_PEERS needs a key of this node: set ROUTER_NODE_KEY_FILE")

    @property
    def has_peers(self) -> bool:
        """Whether there may be peers."""
        return bool(self.peers or self.peers_file)

    @property
    def advertised(self) -> str:
        """The URL in ROUTER_ADVERTISE_URL in its one form; "" without one."""
        url = parse_url(self.advertise_url)
        return str(url) if url else ""
