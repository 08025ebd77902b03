"""The result types of the router's JSON-RPC methods; their JSON Schemas are made from these."""

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from hero_router.feed.conditions import Condition
from hero_router.model import NodeState, Record, SocketState
from hero_router.proxy.links import SocketLink
from hero_router.store.routing_errors import RoutingError

Position = Annotated[str, {"pattern": "^[0-9]+-[0-9]+$"}]
Time = Annotated[int, {"description": "Unix time in milliseconds"}]
Count = Annotated[int, {"minimum": 0}]


class Service(TypedDict):
    """A service record: the fields that are added to those of `model.Record` (see `EXTENDS`)."""

    service_id: str
    healthy: bool


class Node(TypedDict):
    """A node report: the field that is added to those of `model.NodeState` (see `EXTENDS`)."""

    lost: bool


class Probe(TypedDict):
    """The figures of a service's last probe, by socket."""

    checked_at: Time
    sockets: Mapping[str, Any]


class Detail(Service):
    """One service, its last probe, the reasons why both may be out of date, and its addresses."""

    probe: Probe | None
    stale: list[Condition]
    addresses: Mapping[str, SocketLink]


class Logs(TypedDict):
    """The last routing errors of a service; `complete`: those of all workers."""

    service_id: str
    errors: list[RoutingError]
    complete: bool


class State(TypedDict):
    """A worker's whole state at one position."""

    cursor: Position
    run_id: str
    services: list[Service]
    nodes: list[Node]
    stale: list[Condition]
    now: Time
    as_of: Time


class Counts(TypedDict):
    """The counts of a scan."""

    discovered: Count
    added: Count
    removed: Count
    changed: Count
    duration_ms: Count


class Unseen(TypedDict):
    """A condition of a node: its scanner could not see some folders or sockets."""

    node: str
    reason: str
    detail: str


class Scan(Counts):
    """The counts of all scanners together, and of each node."""

    nodes: Mapping[str, Counts]
    missing: list[str]
    conditions: list[Unseen]


class Health(TypedDict):
    """Whether one worker is ready, and how far it has read the stream."""

    ready: bool
    reason: str
    cursor: Position
    window: Count
    clients: Count
    stale: list[Condition]
    worker: str
    version: str


NAMES: Mapping[type, str] = {
    Service: "Service",
    SocketState: "Socket",
    Probe: "Probe",
    SocketLink: "SocketLink",
    RoutingError: "RoutingError",
    Logs: "Logs",
    Node: "Node",
    Condition: "Condition",
    State: "State",
    Detail: "Detail",
    Counts: "Counts",
    Unseen: "Unseen",
    Scan: "Scan",
    Health: "Health",
}
"""Every class that is part of a result, and its name in the OpenRPC document."""

EXTENDS: Mapping[type, type] = {Service: Record, Detail: Record, Node: NodeState}
"""Result types that also have all fields of a class in `model`."""
