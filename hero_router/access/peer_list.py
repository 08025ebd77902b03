"""The peers of a router: the routers of other nodes, with which it exchanges requests.

They come from the settings alone. A file of peers is read again when it changes.
"""

import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hero_router.access.ed25519 import NodeKey, PublicKey
from hero_router.errors import ConfigError
from hero_router.settings.ca_file import tls_context
from hero_router.settings.peers import PeerEntry, PeerSettings, PeerUrl, parse_peers

log = logging.getLogger("hero_router.peers")
"""Not below `hero_router.access`: that is the access log, which is off by default."""

LOOK_SECONDS = 1.0
"""Time between two looks at the file of peers."""

FILE = "ROUTER_PEERS_FILE"


@dataclass(frozen=True, slots=True)
class Peer:
    """The router of another node: where it is, and the keys with which it signs."""

    node: str
    url: PeerUrl
    keys: tuple[PublicKey, ...]


class PeerBook:
    """All peers by node. An entry for the own node is ignored, so all nodes may have one list.

    A list that cannot be read any more, or is malformed, changes nothing: the last good one holds.
    `clock` gives monotonic seconds.
    """

    def __init__(
        self, node: str, settings: PeerSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the peers. Raises ConfigError if the list is malformed or cannot be read."""
        self._node, self._clock = node, clock
        self._file = Path(settings.peers_file) if settings.peers_file else None
        self._seen: object = None
        self._told: object = None
        self._looked_at = clock()
        self._peers: Mapping[str, Peer] = {}
        self.own: PeerEntry | None = None
        if self._file is None:
            self._take(parse_peers(settings.peers, "ROUTER_PEERS"))
        else:
            self._seen = _state(self._file)
            self._take(parse_peers(_read(self._file), FILE))

    def find(self, node: str) -> Peer | None:
        """The peer of a node."""
        self._follow()
        return self._peers.get(node)

    def keys_of(self, node: str) -> Sequence[PublicKey]:
        """The keys with which a node may sign; none if it is no peer."""
        peer = self.find(node)
        return peer.keys if peer else ()

    def knows(self, node: str) -> bool:
        """Whether a node is a peer."""
        return self.find(node) is not None

    def __iter__(self) -> Iterator[Peer]:
        self._follow()
        return iter(self._peers.values())

    def _follow(self) -> None:
        now = self._clock()
        if self._file is None or now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        state = _state(self._file)
        if state == self._seen:
            self._told = None
            return
        try:
            text = _read(self._file)
            self._seen = state  # not before: a file that cannot be read yet is tried again
            self._take(parse_peers(text, FILE))
        except ConfigError as error:
            self._tell(state, str(error))
            return
        self._told = None
        log.info(
            "the list of other nodes (ROUTER_PEERS_FILE) has changed; it now has: %s",
            ", ".join(self._peers) or "no node",
        )
        for warning in self.warnings():
            log.warning("%s", warning)

    def _tell(self, state: object, trouble: str) -> None:
        """Log why the list stays as it was, once for each state of the file."""
        if self._told != (state, trouble):
            self._told = state, trouble
            log.error(
                "the changed list of other nodes (ROUTER_PEERS_FILE) cannot be used, and the old "
                "list stays in force: %s",
                trouble,
            )

    def _take(self, entries: Sequence[PeerEntry]) -> None:
        self.own = next((each for each in entries if each.node == self._node), None)
        self._peers = {
            each.node: Peer(each.node, each.url, tuple(map(PublicKey, each.keys)))
            for each in entries
            if each.node != self._node
        }

    def warnings(self) -> Iterator[str]:
        """One sentence for each peer to which requests travel in the open."""
        for peer in self._peers.values():
            if not peer.url.is_guarded:
                yield (
                    f"requests to the services of node {peer.node} can be read and changed on the "
                    f"network: {peer.url} is neither https nor on this machine"
                )


@dataclass(frozen=True, slots=True)
class Peering:
    """What a router needs for hops: its node's key, its peers, and how it checks their TLS."""

    key: NodeKey
    book: PeerBook
    tls: ssl.SSLContext

    def warnings(self, advertised: str) -> Iterator[str]:
        """One sentence for each thing that is probably not as it is meant.

        `advertised` is the own URL in its one form.
        """
        yield from self.book.warnings()
        own = self.book.own
        if own is not None and self.key.public not in own.keys:
            yield (
                f"the list of peers has another key for this node ({own.node}) than "
                "ROUTER_NODE_KEY_FILE: other nodes will refuse its requests"
            )
        if own is not None and advertised and str(own.url) != advertised:
            yield (
                f"the list of peers has the URL {own.url} for this node ({own.node}), but "
                f"ROUTER_ADVERTISE_URL is {advertised}: other nodes will not connect"
            )


def load_peering(node: str, settings: PeerSettings) -> Peering | None:
    """What is needed for hops; None without peers.

    Raises:
        ConfigError: a file cannot be read, or does not hold what it should.
    """
    if not settings.has_peers:
        return None
    key = NodeKey.read(Path(settings.node_key_file), "ROUTER_NODE_KEY_FILE")
    return Peering(key, PeerBook(node, settings), tls_context("ROUTER_PEERS_CA", settings.ca_file))


def _state(file: Path) -> object:
    """What differs when a file was changed or replaced; None if it cannot be seen."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{FILE}: {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{FILE}: {file} is not UTF-8") from None
