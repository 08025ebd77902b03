"""The routing table: finds the socket of a service in a worker's mirror. No I/O per request.

A name that several nodes have goes to the own node first, then to a healthy service, then to the
node whose name comes first: the same choice on every worker of one machine.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hero_router.errors import NotFound
from hero_router.feed.filters import Filter, shows
from hero_router.feed.mirror import Mirror
from hero_router.proxy.address import Address

Json = Mapping[str, Any]


class Target(NamedTuple):
    """Where a request goes: a socket of a service, the prefix that is cut, and what is left."""

    record: Json
    socket: Json
    prefix: str
    rest: str


class RoutingTable:
    """Finds services by address, as one node sees the fleet."""

    def __init__(self, mirror: Mirror, node: str) -> None:
        self._mirror, self.node = mirror, node

    def find(self, addresses: Sequence[Address], context: str, shown: Filter | None) -> Target:
        """The target of the first address that has one.

        `context` is the context of an address that names none. `shown` is what the caller may see:
        what it hides does not exist for the caller.

        Raises:
            NotFound: no address has a target; says what exists instead.
        """
        for address in addresses:
            for record in self.named(address.service, address.context or context, shown):
                if (socket := _socket(record, address.socket)) is not None:
                    return Target(record, socket, address.prefix, address.rest)
        hints = [self._hint(address, context, shown) for address in addresses]
        raise NotFound(next(filter(None, hints), "no such service"))

    def reaches(self, record: Json) -> bool:
        """Whether this router can pass requests on to a service: it runs on the own node."""
        return record.get("node") == self.node

    def named(self, name: str, context: str, shown: Filter | None) -> list[Json]:
        """The services of this name and context that the caller may see, the first choice first."""
        records = self._mirror.by_name(name, context)
        return sorted((each for each in records if shows(shown, each)), key=self._rank)

    def _rank(self, record: Json) -> tuple[bool, bool, bool, str]:
        conflict = str(record.get("conflict") or "")
        return (
            conflict.startswith("its name is taken"),
            record.get("node") != self.node,
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
