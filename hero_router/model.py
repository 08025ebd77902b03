"""Values of the domain that all layers share: statuses, sockets, records, reports, events.

Plain and frozen, without I/O. Texts in them were cleaned by `text.clean` when they came in.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeVar, get_args, get_origin

from hero_router.position import Position

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

NAMESPACE = uuid.UUID("3f0c2f64-7d0e-5c0a-9a55-6b1d1c5b9e10")
"""Namespace of all service ids; never changes."""


class Status(StrEnum):
    """How well a socket or a service works. `unknown`: not probed yet, or it cannot be probed."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    INACTIVE = "inactive"
    NON_RPC = "non_rpc"
    UNKNOWN = "unknown"


EventType = Literal["service_added", "service_updated", "status_change", "service_removed", "scan"]
"""The events that the stream holds."""

EVENT_TYPES = frozenset(get_args(EventType))
"""Their names."""

CONTROL_EVENTS = frozenset({"hello", "ping", "resync", "conflated", "stale", "fresh"})
"""Events that a worker adds to one client's stream; they never come from Redis."""


ROOT, PERMISSION = "root", "permission"
"""Reasons of a node's conditions: its scanner cannot read all of the root, or may not connect."""

MAX_IGNORED = 50
"""Most ignored files that a report names."""


@dataclass(frozen=True, slots=True)
class SocketState:
    """One socket of a record; `latency_ms` is that of the last change.

    `path` is the path below the root as text for people, `raw_path` the base64 of its bytes for
    programs (see `upstream.path_encoding`; "" in records of an older version).
    """

    name: str
    role: str
    path: str
    status: Status = Status.UNKNOWN
    latency_ms: float | None = None
    error: str | None = None
    failures: int = 0
    raw_path: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `asdict` wrote; unknown fields are ignored.

        Raises:
            KeyError, ValueError, TypeError: when it is something else.
        """
        known = _known(cls, value)
        return _checked(cls(**{**known, "status": Status(known["status"])}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a service's documents say of it, already cleaned; all is empty where it offers none.

    `methods` lists at most `MAX_METHODS` names, `methods_count` is the true number. `source` names
    the document (a path or a method), and `source_kind` its kind: `manifest`, `openrpc`, `page`
    where every path is HTML, `none`. `document` is the digest under which the OpenRPC document
    itself is kept (`store.specs`), "" where there is none.
    """

    title: str = ""
    description: str = ""
    version: str = ""
    protocol: str = ""
    methods: tuple[str, ...] = ()
    methods_count: int = 0
    source: str = ""
    source_kind: str = "none"
    document: str = ""

    @classmethod
    def of(cls, facts: "Facts") -> Self:
        """These facts alone, as those of a record."""
        return cls(**Facts.values(facts))

    def values(self) -> dict[str, Any]:
        """The value of each fact by its name."""
        return {name: getattr(self, name) for name, _ in _types(Facts)}


@dataclass(frozen=True, slots=True)
class Record(Facts):
    """The registry's entry for one service; times are Unix milliseconds by Redis's clock.

    `reason` says why it is not healthy, `spec_error` why the facts of the last good document are
    kept, `conflict` which other service has the same name. A `flapping` one shows its worst status.
    """

    id: str
    name: str
    context: str
    node: str
    status: Status
    reason: str
    first_seen: int
    changed_at: int
    sockets: tuple[SocketState, ...] = ()
    socket_path: str = ""
    spec_error: str | None = None
    conflict: str | None = None
    flapping: bool = False

    @property
    def healthy(self) -> bool:
        """Whether all of the service works."""
        return self.status is Status.HEALTHY

    def to_json(self) -> dict[str, Any]:
        """The record as it is stored and sent, with the derived `service_id` and `healthy`."""
        value = {**_plain(self), "sockets": tuple(map(_plain, self.sockets))}
        return {"id": self.id, "service_id": self.id, **value, "healthy": self.healthy}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; unknown fields, as of a newer version, are ignored.

        Raises:
            KeyError, ValueError, TypeError, AttributeError: when it is something else.
        """
        known = _known(cls, value)
        sockets = tuple(SocketState.from_json(item) for item in value["sockets"])
        status, methods = Status(known["status"]), tuple(map(str, known.get("methods", ())))
        return _checked(cls(**{**known, "status": status, "sockets": sockets, "methods": methods}))


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node's last report, written by its scanner; times are Unix ms by Redis's clock.

    `scan_seconds` is the time between scans, so that others know when the next report is due (0: an
    older version wrote the report). `probe_ms` has the `median` and the `longest` time to a
    socket's first answer. `root` and `machine` say where the scanner looks, `root_device` which
    file system holds the services (0: unknown). `scan` is 0 during the first scan, which began at
    `last_scan`; `duration_ms` grows while a scan takes longer than the last one.

    `conditions` says by reason (`ROOT`, `PERMISSION`) what the scanner cannot see. `ignored` has at
    most `MAX_IGNORED` of the `ignored_count` files below the root that are no services, with the
    reason of each.
    """

    node: str
    scanner: str
    scan: int
    last_scan: int
    duration_ms: int
    sockets: int
    services: int
    version: str
    error: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    scan_seconds: float = 0.0
    probe_ms: Mapping[str, float] = field(default_factory=dict)
    root: str = ""
    machine: str = ""
    root_device: int = 0
    conditions: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    ignored_count: int = 0

    def to_json(self) -> dict[str, Any]:
        """The state as it is stored and sent."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; raises KeyError, ValueError or TypeError on anything else."""
        return _checked(cls(**_known(cls, value)))


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the registry with its event; `scan` makes it and `store.registry` writes it.

    `record` is the new state of `service` (None: the service leaves the registry). `data` is what
    the event says beside the record, which is added as its `service` unless `data` has one. A
    change of type "scan" has no service ("") and no record.
    """

    type: EventType
    service: str
    data: Mapping[str, Any]
    record: Record | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """All that the event says."""
        if self.record is None or "service" in self.data:
            return dict(self.data)
        return {**self.data, "service": self.record.to_json()}


class Event(NamedTuple):
    """One entry of the stream as a worker reads it; `data` is `payload` as one line of ASCII JSON.

    A `type` of None marks an entry that hero_router did not write: only its position counts.
    `at` is the time of publication in Unix ms by Redis's clock (0: an older version wrote it).
    `after` is the last position of the epoch before; only an epoch's first event has it.
    """

    position: Position
    type: str | None
    node: str
    service: str
    payload: Mapping[str, Any]
    data: str
    at: int = 0
    after: Position | None = None


MAX_METHODS = 256
"""Most method names that one record lists."""


def service_id(node: str, context: str, name: str) -> str:
    """UUIDv5 of node, context and name: the same on every start and for every scanner.

    The parts are taken as they are, so names that differ only by case or by Unicode normal form
    stay different services.
    """
    parts = f"{node}\0{context}\0{name}"
    return str(uuid.uuid5(NAMESPACE, parts.encode("utf-8", "surrogateescape").hex()))


def is_record(value: object, key: str) -> bool:
    """Whether a JSON value has all that readers need to show it as the record of service `key`.

    It need not be a `Record`: a newer version may have other fields and other statuses.
    """
    if not isinstance(value, dict) or value.get("id") != key:
        return False
    for name in ("name", "context", "node", "status", "reason"):
        if not isinstance(value.get(name), str):
            return False
    sockets = value.get("sockets")
    return isinstance(sockets, list) and all(isinstance(item, dict) for item in sockets)


def worst(statuses: Iterable[Status]) -> Status:
    """The status of a whole from those of its parts; degraded where only some of them answer."""
    found = set(statuses) or {Status.UNKNOWN}
    if len(found) == 1:
        return found.pop()
    if found & {Status.HEALTHY, Status.DEGRADED}:
        return Status.DEGRADED
    order = (Status.UNHEALTHY, Status.NON_RPC, Status.INACTIVE, Status.UNKNOWN)
    return next(status for status in order if status in found)


def _known(cls: type, value: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(cls)}
    return {name: item for name, item in value.items() if name in names}


def _plain(item: "DataclassInstance") -> dict[str, Any]:
    """The fields as they are: `asdict` copies even what cannot change, which takes far longer."""
    return {name: getattr(item, name) for name, _ in _types(type(item))}


def _checked(item: T) -> T:
    """The item itself. Raises TypeError where a field's value is not of the field's type."""
    for name, allowed in _types(type(item)):
        if not isinstance(getattr(item, name), allowed):
            raise TypeError(f"{name} has a value of another type")
    return item


@cache
def _types(cls: type["DataclassInstance"]) -> tuple[tuple[str, tuple[type, ...]], ...]:
    """Each field with the classes of its values."""
    return tuple((item.name, _classes(item.type)) for item in fields(cls))


def _classes(kind: Any) -> tuple[type, ...]:
    """`str | None` as two classes, `tuple[str, ...]` as `tuple`; JSON writes 5.0 as 5 too."""
    found = get_args(kind) if isinstance(kind, UnionType) else (get_origin(kind) or kind,)
    return (*found, int) if float in found else found
