"""What is known of services: statuses, sockets, records, events. Plain values, bottom layer.

Texts that come from services are cleaned here once (`clean`), so that every later layer may trust
their length and that they can be encoded; they are still only text and must be shown as text.
"""

import unicodedata
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
    """How a socket or a service is. `unknown` also where its node is lost."""

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
"""What a worker tells of a client's stream; in Redis's stream nobody of ours writes them."""


ROOT, PERMISSION = "root", "permission"
"""Reasons of a scanner's doubts: it cannot read its root, or a part of it; it may not connect."""

MAX_IGNORED = 50
"""Most ignored places that a report names."""


@dataclass(frozen=True, slots=True)
class SocketState:
    """What is known of one socket: `path` is below the root, `latency_ms` is of the last change."""

    name: str
    role: str
    path: str
    status: Status = Status.UNKNOWN
    latency_ms: float | None = None
    error: str | None = None
    failures: int = 0

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `asdict` wrote; unknown fields are ignored.

        Raises:
            KeyError, ValueError, TypeError: when it is something else.
        """
        known = _known(cls, value)
        return _sound(cls(**{**known, "status": Status(known["status"])}))


@dataclass(frozen=True, slots=True)
class Record:
    """The registry's entry for one service; times are Unix milliseconds by Redis's clock.

    `source` says where title, version and methods come from (a document's path or method) and
    `source_kind` how (`manifest`, `openrpc`, `page` where every path is HTML, `none`). `methods`
    lists at most `MAX_METHODS` names, `methods_count` is the true number. `spec_error` says why the
    last good document is kept.
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
    title: str = ""
    description: str = ""
    version: str = ""
    protocol: str = ""
    methods: tuple[str, ...] = ()
    methods_count: int = 0
    socket_path: str = ""
    source: str = ""
    source_kind: str = "none"
    spec_error: str | None = None
    conflict: str | None = None
    flapping: bool = False

    @property
    def healthy(self) -> bool:
        """Whether every part of the service works."""
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
        return _sound(cls(**{**known, "status": status, "sockets": sockets, "methods": methods}))


@dataclass(frozen=True, slots=True)
class NodeState:
    """What a node's scanner last reported; times are Unix milliseconds by Redis's clock.

    `scan_seconds` is the time between its scans, so that others know when the next report is due;
    an older version's report does not say (0). `probe_ms` has the `median` and the `longest` time
    to a socket's first answer. `root` and `machine` say where it looks, `root_device` on which file
    system its services lie (0: nobody knows). A `scan` of 0 is still the first one, which began at
    `last_scan`; `duration_ms` grows while a scan takes longer than the last one.

    `doubts` says in words, by reason (`ROOT`, `PERMISSION`), what the scanner could not see.
    `ignored` has at most `MAX_IGNORED` of the `ignored_count` places below the root that are no
    services, with the reason of each.
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
    doubts: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)
    ignored_count: int = 0

    def to_json(self) -> dict[str, Any]:
        """The state as it is stored and sent."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; raises KeyError, ValueError or TypeError on anything else."""
        return _sound(cls(**_known(cls, value)))


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the registry and its event, as `diff` makes it and `store.registry` writes it.

    `record` is the new state of `service`; None if the service leaves the registry. `data` is what
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

    A `type` of None marks an entry that hero_router did not write: it keeps its position, no more.
    `at` is when it was published, in Unix ms by Redis's clock; an older version does not say (0).
    `after` is where the epoch before ended; only an epoch's first event says so.
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
MAX_TEXT = 2_000
MAX_NAME = 256


def service_id(node: str, context: str, name: str) -> str:
    """UUIDv5 of node, context and name: the same on every start and for every scanner.

    The parts are taken as they are, so names that differ only by case or by Unicode normal form
    stay different services.
    """
    parts = f"{node}\0{context}\0{name}"
    return str(uuid.uuid5(NAMESPACE, parts.encode("utf-8", "surrogateescape").hex()))


def clean(value: object, limit: int = MAX_TEXT) -> str:
    """A service's text made safe to store: a string of at most `limit` characters, no controls.

    Control and format characters (newline, ESC, RTL override …) and lone surrogates become U+FFFD;
    anything but a string becomes "".
    """
    if not isinstance(value, str):
        return ""
    text = value[:limit]
    if not text.isprintable():
        text = "".join("\ufffd" if _is_control(char) else char for char in text)
    return text if len(value) <= limit else text[:-1] + "…"


def readable(name: bytes) -> str:
    """A file name as text: bytes that are not UTF-8, and controls, become `\\xNN` escapes.

    A backslash is doubled, so that different names stay different.
    """
    text = name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii") if _is_control(char) else char
        for char in text
    )


def is_record(value: object, key: str) -> bool:
    """Whether it may be shown as the record of the service `key`: what all readers need is there.

    It need not be a `Record`: a newer version's has other fields, and maybe other statuses.
    """
    if not isinstance(value, dict) or value.get("id") != key:
        return False
    for name in ("name", "context", "node", "status", "reason"):
        if not isinstance(value.get(name), str):
            return False
    sockets = value.get("sockets")
    return isinstance(sockets, list) and all(isinstance(item, dict) for item in sockets)


def worst(statuses: Iterable[Status]) -> Status:
    """The status of the whole: all alike is that; some answer and some do not is degraded."""
    found = set(statuses) or {Status.UNKNOWN}
    if len(found) == 1:
        return found.pop()
    if found & {Status.HEALTHY, Status.DEGRADED}:
        return Status.DEGRADED
    order = (Status.UNHEALTHY, Status.NON_RPC, Status.INACTIVE, Status.UNKNOWN)
    return next(status for status in order if status in found)


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _known(cls: type, value: Mapping[str, Any]) -> dict[str, Any]:
    names = {item.name for item in fields(cls)}
    return {name: item for name, item in value.items() if name in names}


def _plain(item: "DataclassInstance") -> dict[str, Any]:
    """The fields as they are: `asdict` copies even what cannot change, which takes far longer."""
    return {name: getattr(item, name) for name, _ in _kinds(type(item))}


def _sound(item: T) -> T:
    """The item, each field of which is of its kind. Raises TypeError for any other."""
    for name, kind in _kinds(type(item)):
        if not isinstance(getattr(item, name), kind):
            raise TypeError(f"{name} is of another kind")
    return item


@cache
def _kinds(cls: type["DataclassInstance"]) -> tuple[tuple[str, tuple[type, ...]], ...]:
    """Each field with the classes of its values."""
    return tuple((item.name, _classes(item.type)) for item in fields(cls))


def _classes(kind: Any) -> tuple[type, ...]:
    """`str | None` as two classes, `tuple[str, ...]` as `tuple`; JSON writes 5.0 as 5 too."""
    found = get_args(kind) if isinstance(kind, UnionType) else (get_origin(kind) or kind,)
    return (*found, int) if float in found else found
