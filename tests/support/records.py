"""Builders of records, changes and reports, so that a test says only what it is about."""

from typing import Any, cast

from hero_router.model import Change, NodeState, Record, SocketState, Status, service_id
from hero_router.store.routing_errors import RoutingError

NODE = "n1"


def record(name: str = "api", node: str = NODE, **fields: Any) -> Record:
    """A healthy service with one socket; `fields` replace any part of it."""
    socket = SocketState("rpc", "rpc", f"{name}/rpc.sock", Status.HEALTHY, 1.5)
    known: dict[str, Any] = {
        "id": service_id(node, "default", name),
        "name": name,
        "context": "default",
        "node": node,
        "status": Status.HEALTHY,
        "reason": "",
        "first_seen": 1,
        "changed_at": 1,
        "sockets": (socket,),
    }
    return Record(**{**known, **fields})


def put(name: str = "api", number: int = 1, node: str = NODE, **fields: Any) -> Change:
    """The service takes a state that is unlike others by its number."""
    state = record(name, node, changed_at=number, **fields)
    return Change("service_updated", state.id, {}, state)


def gone(name: str = "api", node: str = NODE) -> Change:
    """The service leaves the registry."""
    key = service_id(node, "default", name)
    data = {"id": key, "name": name, "context": "default", "node": node, "reason": "gone"}
    return Change("service_removed", key, data)


def scanned(*requests: str, node: str = NODE) -> Change:
    """A scan was done, for these requests."""
    data = {"node": node, "discovered": 1, "added": 0, "removed": 0, "changed": 0}
    return Change("scan", "", {**data, "duration_ms": 1, "requests": list(requests)})


def report(scan: int = 1, node: str = NODE, **fields: Any) -> NodeState:
    """What the node's scanner says of its n-th scan."""
    known: dict[str, Any] = {
        "node": node,
        "scanner": "s1",
        "scan": scan,
        "last_scan": scan,
        "duration_ms": 1,
        "sockets": 1,
        "services": 1,
        "version": "0",
    }
    return NodeState(**{**known, **fields})


def routing_error(at: int, **fields: Any) -> RoutingError:
    """A request to a service that failed."""
    why = {"status": 503, "cause": "refused", "reason": "nothing listens"}
    what = {"method": "GET", "path": "/shop/page/", "request_id": f"r{at}"}
    where = {"node": NODE, "worker": f"{NODE}/1"}
    return cast("RoutingError", {"at": at, **why, **what, **where, **fields})
