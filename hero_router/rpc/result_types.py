"""The result types of the router's JSON-RPC methods; their JSON Schemas are made from these."""

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from hero_router.access.access_summary import Way
from hero_router.access.attempts import Tries
from hero_router.access.policy import Extent
from hero_router.feed.conditions import Condition
from hero_router.history.answer import (
    History,
    HistoryDetail,
    ServiceHistory,
    TransitionFields,
)
from hero_router.history.transitions_and_incidents import Incident
from hero_router.model import NodeState, Record, SocketState
from hero_router.proxy.service_urls import SocketLink
from hero_router.store.mutes import Mute
from hero_router.store.routing_errors import RoutingError
from hero_router.store.session_list import BrowserSession

Position = Annotated[str, {"pattern": "^[0-9]+-[0-9]+$"}]
Time = Annotated[int, {"description": "Unix time in milliseconds"}]
Count = Annotated[int, {"minimum": 0}]


class Service(TypedDict):
    """A service record: the fields that are added to those of `model.Record` (see `EXTENDS`)."""

    service_id: str
    healthy: bool


class Node(TypedDict):
    """A node report: the fields that are added to those of `model.NodeState` (see `EXTENDS`).

    `reported`: the report is of a scan that the present scanner of the node has finished.
    """

    lost: bool
    reported: bool


class Probe(TypedDict):
    """The figures of a service's last probe, by socket."""

    checked_at: Time
    sockets: Mapping[str, Any]


class Detail(Service):
    """One service with its last probe, its addresses, and the reasons why it may be out of date."""

    probe: Probe | None
    stale: list[Condition]
    addresses: Mapping[str, SocketLink]
    muted: Mute | None


class Logs(TypedDict):
    """The last routing errors of a service; `complete`: of all workers, not only of this one."""

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
    """A folder or sockets that the scanner of a node could not read."""

    node: str
    reason: str
    detail: str


class Scan(Counts):
    """The counts of all scanners together, and of each node."""

    nodes: Mapping[str, Counts]
    missing: list[str]
    conditions: list[Unseen]


class Unmuted(TypedDict):
    """The service whose mute was ended, and whether there was one."""

    service_id: str
    was_muted: bool


class RightFields(TypedDict):
    """Something that callers may do, and how far each kind of caller may."""

    name: str
    what: str
    extents: Mapping[str, Extent]


class Overview(TypedDict):
    """Rights of the roles, ways to get access, and recent wrong tokens."""

    rights: list[RightFields]
    ways: list[Way]
    tries: list[Tries]
    worker: str


class SessionFields(TypedDict):
    """A recorded session (see `EXTENDS`); `own`: the caller's."""

    own: bool


class SessionList(TypedDict):
    """The recorded sessions that hold, and how many the record has at most."""

    sessions: list[SessionFields]
    most: Count
    now: Time


class Ended(TypedDict):
    """The session that was ended, and whose it was."""

    session_id: str
    name: str


class EndedAll(TypedDict):
    """The sessions that began up to `before` were ended, but the `spared` one."""

    before: Time
    spared: str | None


class Allowed(TypedDict):
    """An address or network that was added to the list."""

    network: str
    added_at: Time
    note: str


class AllowList(TypedDict):
    """The addresses that may connect: those of the settings, and those that were added."""

    in_force: bool
    fixed: list[str]
    added: list[Allowed]
    now: Time


class AllowedNow(TypedDict):
    """The added network; `is_everyone`: it contains all addresses of its kind."""

    network: str
    is_new: bool
    is_everyone: bool


class DisallowedNow(TypedDict):
    """The removed network, and whether it was on the list."""

    network: str
    was_listed: bool


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
    ServiceHistory: "ServiceHistory",
    TransitionFields: "Transition",
    Incident: "Incident",
    HistoryDetail: "HistoryDetail",
    History: "History",
    Node: "Node",
    Condition: "Condition",
    State: "State",
    Detail: "Detail",
    Counts: "Counts",
    Unseen: "Unseen",
    Scan: "Scan",
    Mute: "Mute",
    Unmuted: "Unmuted",
    RightFields: "Right",
    Way: "Way",
    Tries: "Tries",
    Overview: "Overview",
    SessionFields: "Session",
    SessionList: "SessionList",
    Ended: "Ended",
    EndedAll: "EndedAll",
    Allowed: "Allowed",
    AllowList: "AllowList",
    AllowedNow: "AllowedNow",
    DisallowedNow: "DisallowedNow",
    Health: "Health",
}
"""Every class that is part of a result, and its name in the OpenRPC document."""

EXTENDS: Mapping[type, type] = {
    Service: Record,
    Detail: Record,
    Node: NodeState,
    SessionFields: BrowserSession,
}
"""Result types that also have all fields of another class."""
