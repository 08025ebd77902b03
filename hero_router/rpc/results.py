"""The shapes of what the router's methods answer, from which their schemas are made."""

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from hero_router.feed.conditions import Condition
from hero_router.model import NodeState, Record, SocketState

Position = Annotated[str, {"pattern": "^[0-9]+-[0-9]+$"}]
Time = Annotated[int, {"description": "Unix time in milliseconds"}]
Count = Annotated[int, {"minimum": 0}]


class Service(TypedDict):
    """What is sent beside the fields of a record; the fields themselves: see `EXTENDS`."""

    service_id: str
    healthy: bool


class Node(TypedDict):
    """What is sent beside the fields of a node's report."""

    lost: bool


class Probe(TypedDict):
    """The live figures of a service's last probe, socket by socket."""

    checked_at: Time
    sockets: Mapping[str, Any]


class Detail(Service):
    """One service, its live figures, and why they may be out of date."""

    probe: Probe | None
    stale: list[Condition]


class State(TypedDict):
    """All that a worker knows, at one position."""

    cursor: Position
    run_id: str
    services: list[Service]
    nodes: list[Node]
    stale: list[Condition]
    now: Time
    as_of: Time


class Counts(TypedDict):
    """What a scan found."""

    discovered: Count
    added: Count
    removed: Count
    changed: Count
    duration_ms: Count


class Unseen(TypedDict):
    """What a node's scanner could not see, and why."""

    node: str
    reason: str
    detail: str


class Scan(Counts):
    """What all scanners found, and each of them."""

    nodes: Mapping[str, Counts]
    missing: list[str]
    conditions: list[Unseen]


class Health(TypedDict):
    """How able one worker is."""

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
    Node: "Node",
    Condition: "Condition",
    State: "State",
    Detail: "Detail",
    Counts: "Counts",
    Unseen: "Unseen",
    Scan: "Scan",
    Health: "Health",
}
"""Every class that an answer is made of, and its name in the OpenRPC document."""

EXTENDS: Mapping[type, type] = {Service: Record, Detail: Record, Node: NodeState}
"""Shapes that have all fields of a class of the model, beside their own."""
