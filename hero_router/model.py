"""Value types that all layers share: statuses, sockets, service records, node reports, events.

The classes are frozen. Texts of services were cleaned by `sanitize.clean` when they were received.
Pure: no I/O, no clock.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Self, get_args

from hero_router.dataclass_json import checked, field_types, known_fields, plain_fields
from hero_router.position import Position

NAMESPACE = uuid.UUID("3f0c2f64-7d0e-5c0a-9a55-6b1d1c5b9e10")
"""Namespace of all service ids; never changes."""


class Status(StrEnum):
    """The status of a socket or service; `unknown`: not probed yet, or cannot be probed."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    INACTIVE = "inactive"
    NON_RPC = "non_rpc"
    UNKNOWN = "unknown"


EventType = Literal["service_added", "service_updated", "status_change", "service_removed", "scan"]
"""Types of the events that Redis's stream holds."""

EVENT_TYPES = frozenset(get_args(EventType))
"""The names of all event types."""

CONTROL_EVENTS = frozenset({"hello", "ping", "resync", "conflated", "stale", "fresh", "mutes"})
"""Events that a worker adds to one client's stream; they never come from Redis."""


ROOT, PERMISSION = "root", "permission"
"""Reasons of a node's conditions: its scanner cannot read the whole socket folder (`ROOT`), or may
not connect to some sockets (`PERMISSION`)."""

MAX_IGNORED = 50
"""Maximum number of ignored files that a node report names."""


@dataclass(frozen=True, slots=True)
class SocketState:
    """One socket in a service record; `latency_ms` is as of the record's last change.

    `path` is the path below the socket folder as text for people, `raw_path` the base64 of its
    bytes for programs (see `upstream.path_text`; "" in records of an older version).
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
        """Read a socket that `asdict` wrote; unknown fields are ignored.

        Raises:
            KeyError, ValueError, TypeError: the value is no such socket.
        """
        known = known_fields(cls, value)
        return checked(cls(**{**known, "status": Status(known["status"])}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Title, version, methods and other facts from a service's documents; empty without documents.

    `methods` lists at most `MAX_METHODS` names, `methods_count` is the true number. `source` names
    the document (a path or a method), and `source_kind` its kind: `manifest`, `openrpc`, `page`
    if every path answers HTML, `none`. `document` is the digest under which the OpenRPC document
    itself is kept (`store.document_reader`), "" if there is none.
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
        """A copy of the facts alone, as when `facts` is a whole `Record`."""
        return cls(**Facts.values(facts))

    def values(self) -> dict[str, Any]:
        """All facts: the value of each field by its name."""
        return {name: getattr(self, name) for name, _ in field_types(Facts)}


@dataclass(frozen=True, slots=True)
class Record(Facts):
    """The service record: the registry's entry for one service. Times are Unix ms, Redis's clock.

    `reason` says why the service is not healthy, `spec_error` why the facts of its last good
    document are kept, `conflict` which other service has the same name. A `flapping` service shows
    its worst status.
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
        """Whether the service's status is `healthy`."""
        return self.status is Status.HEALTHY

    def to_json(self) -> dict[str, Any]:
        """The record as it is stored and sent, with the derived `service_id` and `healthy`."""
        value = {**plain_fields(self), "sockets": tuple(map(plain_fields, self.sockets))}
        return {"id": self.id, "service_id": self.id, **value, "healthy": self.healthy}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a record that `to_json` wrote; unknown fields, as of a newer version, are ignored.

        Raises:
            KeyError, ValueError, TypeError, AttributeError: the value is no record.
        """
        known = known_fields(cls, value)
        sockets = tuple(SocketState.from_json(item) for item in value["sockets"])
        status, methods = Status(known["status"]), tuple(map(str, known.get("methods", ())))
        return checked(cls(**{**known, "status": status, "sockets": sockets, "methods": methods}))


@dataclass(frozen=True, slots=True)
class NodeState:
    """The node report: a scanner's figures of its last scan. Times are Unix ms, Redis's clock.

    `scan_seconds` is the time between scans, so that workers know when the next report is due (0:
    an older version wrote the report). `probe_ms` has the `median` and the `longest` time to a
    socket's first answer. `root` is the scanned socket folder and `machine` its host;
    `root_device` is the file system that holds the services (0: unknown). `scan` is 0 during a
    scanner's first scan, which began at `last_scan`; `duration_ms` grows while a scan takes longer
    than the last one.

    `conditions` explains by reason (`ROOT`, `PERMISSION`) which folders or sockets the scanner
    cannot see. `ignored` has at most `MAX_IGNORED` of the `ignored_count` files in the socket
    folder that are no services, with the reason of each. `advertise_url` is where other nodes reach
    this node's router ("": nowhere).
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
    advertise_url: str = ""

    def to_json(self) -> dict[str, Any]:
        """The node report as it is stored and sent."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read a report that `to_json` wrote.

        Raises:
            KeyError, ValueError, TypeError: the value is no report.
        """
        return checked(cls(**known_fields(cls, value)))


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the registry with its event; `scan` makes it and `store.registry` writes it.

    `record` is the new record of `service` (None: the service leaves the registry). `data` has the
    event's other fields; the record is added as the field `service` unless `data` has that field.
    A change of type "scan" has no service ("") and no record.
    """

    type: EventType
    service: str
    data: Mapping[str, Any]
    record: Record | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """All fields of the event."""
        if self.record is None or "service" in self.data:
            return dict(self.data)
        return {**self.data, "service": self.record.to_json()}


class Event(NamedTuple):
    """One entry of the stream as a worker reads it; `data` is `payload` as one line of ASCII JSON.

    A `type` of None marks an entry that hero_router did not write: only its position counts.
    `at` is the time of publication in Unix ms by Redis's clock (0: an older version wrote the
    event). `after` is the last position of the previous epoch; only an epoch's first event has it.
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
"""Maximum number of method names that one record lists."""


def service_id(node: str, context: str, name: str) -> str:
    """A service's id: the UUIDv5 of node, context and name, the same for every scanner.

    Names are not normalised: names that differ only by case or by Unicode normal form are
    different services.
    """
    parts = f"{node}\0{context}\0{name}"
    return str(uuid.uuid5(NAMESPACE, parts.encode("utf-8", "surrogateescape").hex()))


def is_record(value: object, key: str) -> bool:
    """Whether a JSON value has the fields that readers need of the record of service `key`.

    The value need not be a `Record`: a newer version may have other fields and other statuses.
    """
    if not isinstance(value, dict) or value.get("id") != key:
        return False
    for name in ("name", "context", "node", "status", "reason"):
        if not isinstance(value.get(name), str):
            return False
    sockets = value.get("sockets")
    return isinstance(sockets, list) and all(isinstance(item, dict) for item in sockets)


def worst(statuses: Iterable[Status]) -> Status:
    """A service's status from its sockets' statuses; `degraded` if only some sockets answer."""
    found = set(statuses) or {Status.UNKNOWN}
    if len(found) == 1:
        return found.pop()
    if found & {Status.HEALTHY, Status.DEGRADED}:
        return Status.DEGRADED
    order = (Status.UNHEALTHY, Status.NON_RPC, Status.INACTIVE, Status.UNKNOWN)
    return next(status for status in order if status in found)
