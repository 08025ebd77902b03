"""The routing table: finds a service's socket in a worker's copy of the registry. No I/O.

A name that several nodes have goes to the own node first, then to a node that this router reaches,
then to a healthy service, then to the node whose name comes first: the same choice on every worker
of one node.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hero_router.access.peer_list import Peer
from hero_router.errors import NoListener, NotFound
from hero_router.feed.filters import Filter, shows
from hero_router.feed.mirror import Mirror
from hero_router.proxy.address import Address
from hero_router.settings.peers import parse_url

Json = Mapping[str, Any]

Found = tuple[Json, Json]
"""A service's record, and one of its sockets."""

MOST_REMEMBERED = 1024
"""Most addresses and callers' views whose sockets are remembered."""


class Target(NamedTuple):
    """Where a request goes: the socket, the path prefix to cut off, and the rest of the target.

    `peer` is the router that forwards the request to it; None for a service of the own node, and
    for any before `RoutingTable.on_its_way`.
    """

    record: Json
    socket: Json
    prefix: str
    rest: str
    peer: Peer | None = None


def no_peer(_: str) -> None:
    """There is no peer."""


class RoutingTable:
    """Finds services by address, for the routers of one node; `peer_of` gives a node's router."""

    def __init__(
        self, mirror: Mirror, node: str, peer_of: Callable[[str], Peer | None] = no_peer
    ) -> None:
        self._mirror, self.node, self._peer_of = mirror, node, peer_of
        self._found: dict[tuple[str, str, Filter | None, str | None], Found | None] = {}
        self._revision = mirror.revision

    def find(self, addresses: Sequence[Address], context: str, shown: Filter | None) -> Target:
        """The target of the first address that leads to a socket.

        `context` is the context of an address that names none. `shown` is what the caller may see:
        what it hides does not exist for the caller.

        Raises:
            NotFound: no address has a target; says what exists instead.
        """
        for address in addresses:
            where = address.context or context
            found = self._socket_of(address.service, where, shown, address.socket)
            if found is not None:
                record, socket = found
                return Target(record, socket, address.prefix, address.rest)
        hints = [self._hint(address, context, shown) for address in addresses]
        raise NotFound(next(filter(None, hints), "no such service"))

    def of_hop(
        self, service_id: str, role: str, prefix: str, rest: str, shown: Filter | None
    ) -> Target:
        """The target of a request that another node's router has addressed already.

        Raises:
            NoListener: there is no such service or socket here, or the caller may not see it.
        """
        record = self._mirror.service(service_id)
        if record is not None and shows(shown, record):
            for socket in _sockets(record):
                if socket.get("role") == role:
                    return Target(record, socket, prefix, rest)
        raise NoListener(f"node {self.node} knows no such socket of a service")

    def is_own(self, record: Json) -> bool:
        """Whether a service runs on the own node."""
        return record.get("node") == self.node

    def reaches(self, record: Json) -> bool:
        """Whether this router can pass requests on to a service."""
        return not self.obstacle(record)

    def obstacle(self, record: Json) -> str:
        """Why this router cannot pass requests on to a service; "" if it can.

        It connects only to addresses of its own settings: whoever writes to Redis does not choose
        where it connects. A node's report must name the same address, else one of both is outdated.
        """
        return self._way(record)[1]

    def on_its_way(self, target: Target) -> Target:
        """The target with the peer that forwards the request, if it is for another node.

        Raises:
            NoListener: this router cannot pass requests on to the service; says why.
        """
        peer, obstacle = self._way(target.record)
        if obstacle:
            raise NoListener(obstacle)
        return target._replace(peer=peer)

    def _way(self, record: Json) -> tuple[Peer | None, str]:
        """The peer on the way to a service, None for one of the own node; and the obstacle."""
        node = str(record.get("node"))
        if node == self.node:
            return None, ""
        cannot = f"the service runs on node {node}, which this router cannot reach"
        peer, report = self._peer_of(node), self._mirror.nodes.get(node)
        if peer is None:
            return None, f"{cannot}: it is no peer (ROUTER_PEERS)"
        if report is None or not report.advertise_url:
            return None, f"{cannot}: it does not say where its router is (ROUTER_ADVERTISE_URL)"
        if parse_url(report.advertise_url) != peer.url:
            where = "it says that its router is elsewhere than ROUTER_PEERS says"
            return None, f"{cannot}: {where}"
        return peer, ""

    def named(self, name: str, context: str, shown: Filter | None) -> list[Json]:
        """The services of this name and context that the caller may see, the first choice first."""
        records = self._mirror.by_name(name, context)
        return sorted((each for each in records if shows(shown, each)), key=self._rank)

    def _socket_of(
        self, name: str, context: str, shown: Filter | None, segment: str | None
    ) -> "Found | None":
        """The socket of the first choice that has one; remembered until the mirror changes.

        A choice of another node is not: it depends on the peers, which may change at any time.
        """
        if self._revision != self._mirror.revision or len(self._found) >= MOST_REMEMBERED:
            self._found, self._revision = {}, self._mirror.revision
        key = name, context, shown, segment
        if key in self._found:
            return self._found[key]
        pairs = ((each, _socket(each, segment)) for each in self.named(name, context, shown))
        found = next(((record, one) for record, one in pairs if one is not None), None)
        if found is None or self.is_own(found[0]):
            self._found[key] = found
        return found

    def _rank(self, record: Json) -> tuple[bool, bool, bool, bool, str]:
        conflict = str(record.get("conflict") or "")
        return (
            conflict.startswith("its name is taken"),
            not self.is_own(record),
            not self.reaches(record),
            record.get("healthy") is not True,
            str(record.get("node")),
        )

    def _hint(self, address: Address, context: str, shown: Filter | None) -> str:
        """What exists instead of an address that has no target; "" if there is nothing like it."""
        where = address.context or context
        records = self.named(address.service, where, shown)
        if records:
            names = ", ".join(sorted({each for item in records for each in segments(item)}))
            return f"the service has no such socket; it has {names or 'none that can be reached'}"
        named = self._mirror.by_name(address.service)
        contexts = sorted({str(each.get("context")) for each in named if shows(shown, each)})
        if contexts:
            return f"no such service in the context {where}; it is in {', '.join(contexts)}"
        return ""


def segments(record: Json) -> list[str]:
    """The segments under which a service's sockets are reached by path."""
    return list(dict.fromkeys(filter(None, map(segment_of, _sockets(record)))))


def segment_of(socket: Json) -> str | None:
    """The segment under which a socket is reached by path; None if its role has none."""
    role = str(socket.get("role"))
    return None if role == "other" else role.removeprefix("web_")


def _socket(record: Json, segment: str | None) -> Json | None:
    """The socket that a segment names; for None the one for browsers, else the first."""
    sockets = _sockets(record)
    if segment is None:
        return _first(sockets, "web_") or _first(sockets, "admin") or _first(sockets, "rpc")
    if segment in ("rpc", "admin", "ui"):
        role = "admin" if segment == "ui" else segment
        return next((each for each in sockets if each.get("role") == role), None)
    return next((each for each in sockets if each.get("role") == f"web_{segment}"), None)


def _first(sockets: Iterable[Json], role: str) -> Json | None:
    return next((each for each in sockets if str(each.get("role")).startswith(role)), None)


def _sockets(record: Json) -> Sequence[Json]:
    return record.get("sockets") or ()
