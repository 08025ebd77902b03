"""Makes the URLs of a service's sockets; `proxy.address` parses them. No I/O, no clock.

An address is given only if the routing table, asked for it, leads to this very socket.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypedDict
from urllib.parse import quote

from hero_router.errors import BadRequest, NotFound
from hero_router.feed.filters import Filter
from hero_router.proxy.address import DEFAULT_CONTEXT, RESERVED, RPC, readings
from hero_router.proxy.table import RoutingTable, segment_of
from hero_router.settings.host_and_origin_check import Authority

Json = Mapping[str, Any]

OWN = "/{name}/ is an address of the router itself"
CONTEXT = "there is a context of the same name, so the address names the context too"
UNROUTED = "sockets of this role have no address"
TAKEN = "its addresses lead to another socket"


class SocketLink(TypedDict):
    """The URLs of one socket; the socket's own paths are appended to them.

    `path` is relative to the router's own address and begins with a slash. `host` is the service's
    host name without a port, and `host_path` the path there. None: there is no such address. `note`
    says why one is missing or longer than others; "" otherwise.
    """

    path: str | None
    host: str | None
    host_path: str
    note: str


class Links:
    """Makes URLs for the routers of one node; host names are below `domain`."""

    def __init__(self, table: RoutingTable, domain: str) -> None:
        self._table, self._domain = table, domain

    def of(self, record: Json, shown: Filter | None) -> dict[str, SocketLink]:
        """The URLs of each socket of a record, by the socket's name.

        `shown` is what the caller may see: the same as when the caller uses the address.
        """
        sockets: list[Json] = list(record.get("sockets") or ())
        return {str(each.get("name")): self._link(record, each, shown) for each in sockets}

    def _link(self, record: Json, socket: Json, shown: Filter | None) -> SocketLink:
        segment = segment_of(socket)
        if obstacle := self._table.obstacle(record):
            return _none(obstacle)
        if segment is None:
            return _none(UNROUTED)
        path, note = self._path(record, socket, segment, shown)
        host, host_path = self._host(record, socket, segment, shown)
        if path is None and host is None:
            note = str(record.get("conflict") or TAKEN)
        return SocketLink(path=path, host=host, host_path=host_path, note=note)

    def _path(
        self, record: Json, socket: Json, segment: str, shown: Filter | None
    ) -> tuple[str | None, str]:
        """The shortest address by path, and why it is not the usual one."""
        context, name, note = str(record.get("context")), str(record.get("name")), ""
        if context == DEFAULT_CONTEXT:
            if name in RESERVED:
                note = OWN.format(name=name)
            elif self._table.named(segment, name, shown):
                note = CONTEXT
            elif self._leads(self._domain, short := _path(name, segment), record, socket, shown):
                return short, ""
        long = _path(context, name, segment)
        if self._leads(self._domain, long, record, socket, shown):
            return long, note
        return None, OWN.format(name=context) if context in RESERVED else note

    def _host(
        self, record: Json, socket: Json, segment: str, shown: Filter | None
    ) -> tuple[str | None, str]:
        for host in _hosts(str(record.get("name")), str(record.get("context")), self._domain):
            for path in ("/", "/rpc/") if segment == RPC else ("/",):
                if self._leads(host, path, record, socket, shown):
                    return host, path
        return None, ""

    def _leads(
        self, host: str, target: str, record: Json, socket: Json, shown: Filter | None
    ) -> bool:
        """Whether an address leads to this socket."""
        try:
            addresses = readings(host, self._domain, target)
            found = self._table.find(addresses, DEFAULT_CONTEXT, shown)
        except (NotFound, BadRequest):
            return False
        return found.record.get("id") == record.get("id") and found.socket == socket


def _none(note: str) -> SocketLink:
    return SocketLink(path=None, host=None, host_path="", note=note)


def _path(*names: str) -> str:
    """The path of these segments; what a segment may not hold is encoded (RFC 3986, section 2)."""
    return "".join(f"/{quote(name, safe='', errors='replace')}" for name in names) + "/"


def _hosts(name: str, context: str, domain: str) -> Iterator[str]:
    """The service's host name, if its names can be labels of one (RFC 1123, section 2.1; IDNA)."""
    labels = (name,) if context == DEFAULT_CONTEXT else (name, context)
    try:
        host = ".".join(each.encode("idna").decode("ascii") for each in labels) + f".{domain}"
    except UnicodeError:
        return
    if Authority.parse(host) == Authority(host, ""):
        yield host
