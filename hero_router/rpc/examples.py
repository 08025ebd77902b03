"""Example calls of the router's JSON-RPC methods, for the OpenRPC document."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hero_router import __version__
from hero_router.feed.conditions import Condition
from hero_router.model import NodeState, Record, SocketState, Status, service_id
from hero_router.strict_json import decode, encode

NOW = 1_764_288_000_000


@dataclass(frozen=True, slots=True)
class Example:
    """One example call: its parameters by name, and its result."""

    name: str
    result: object
    params: Mapping[str, Any] = field(default_factory=dict)


RECORD = Record(
    service_id("web-1", "shop", "billing"),
    "billing",
    "shop",
    "web-1",
    Status.HEALTHY,
    "",
    first_seen=NOW - 86_400_000,
    changed_at=NOW - 3_600_000,
    sockets=(SocketState("rpc", "rpc", "shop/billing/rpc.sock", Status.HEALTHY, 1.8),),
    title="Billing",
    description="Writes invoices.",
    version="2.1.0",
    protocol="openrpc",
    methods=("invoice.create", "invoice.get"),
    methods_count=2,
    socket_path="shop/billing/rpc.sock",
    source="rpc.discover",
    source_kind="openrpc",
)

_CURSOR = f"{NOW - 90_000_000}-17"
_STALE = Condition("scanner", "web-2", NOW - 30_000, "the scanner of web-2 is gone")
_NODE = NodeState(
    "web-1", "web-1/4021", 812, NOW - 2_000, 41, sockets=1, services=1, version=__version__,
    counts={"healthy": 1}, scan_seconds=5.0, probe_ms={"median": 1.8, "longest": 1.8},
    root="/home/hero/hero/var/sockets", machine="web-1", root_device=2049,
    advertise_url="https://web-1.example.org",
)  # fmt: skip
_FOUND = {"discovered": 1, "added": 0, "removed": 0, "changed": 0, "duration_ms": 41}


def _json(value: object) -> Any:
    """The value as a caller gets it."""
    return decode(encode(value))


SERVICE = _json(RECORD.to_json())
STALE = [_json(asdict(_STALE))]
PROBE = {"checked_at": NOW - 2_000, "sockets": {"rpc": {"latency_ms": 1.8, "error": None}}}
ADDRESSES = {
    "rpc": {
        "path": "/shop/billing/rpc/",
        "host": "billing.shop.localhost",
        "host_path": "/",
        "note": "",
    }
}
MUTE = {
    "id": RECORD.id,
    "name": "billing",
    "context": "shop",
    "node": "web-1",
    "by": "admin",
    "at": NOW,
    "until": NOW + 3_600_000,
    "note": "new disk",
}
LOGS = {
    "service_id": RECORD.id,
    "errors": [
        {
            "at": NOW - 61_000,
            "status": 503,
            "cause": "refused",
            "reason": "nothing listens",
            "method": "POST",
            "path": "/shop/billing/rpc",
            "request_id": "8d1f0c3a5b7e9642",
            "node": "web-1",
            "worker": "web-1/4107",
        }
    ],
    "complete": True,
}
_DOWN = NOW - 1_556_980
HISTORY = {
    "span": "1h",
    "bucket_seconds": 60,
    "start": NOW - 3_600_000,
    "end": NOW,
    "services": [
        {
            "service_id": RECORD.id,
            "since": NOW - 86_400_000,
            "bars": "h" * 34 + "u" * 4 + "h" * 8 + "?ll" + "h" * 11,
            "up_minutes": 53,
            "watched_minutes": 57,
            "minutes": 60,
        }
    ],
    "detail": {
        "latency_median": [*[1.8] * 34, *[None] * 4, *[1.8] * 8, *[None] * 3, *[1.8] * 11],
        "latency_p95": [*[4.6] * 34, *[None] * 4, *[4.6] * 8, *[None] * 3, *[4.6] * 11],
        "transitions": [
            {"at": _DOWN + 200_100, "from": "unhealthy", "to": "healthy", "reason": ""},
            {"at": _DOWN, "from": "healthy", "to": "unhealthy", "reason": "no answer in 2 s"},
        ],
        "incidents": [
            {
                "began": _DOWN,
                "ended": _DOWN + 200_100,
                "duration_ms": 200_100,
                "status": "unhealthy",
                "reason": "no answer in 2 s",
                "unwatched_ms": 0,
            }
        ],
    },
}
STATE = {
    "cursor": _CURSOR,
    "run_id": "6f1c0d2a9b3e4f5a8c7d6e5f4a3b2c1d0e9f8a7b",
    "services": [SERVICE],
    "nodes": [{**_json(_NODE.to_json()), "lost": False, "reported": True}],
    "stale": [],
    "now": NOW,
    "as_of": NOW - 40,
}
SCAN = {**_FOUND, "nodes": {"web-1": _FOUND}, "missing": [], "conditions": []}
HEALTH = {
    "ready": True,
    "reason": "",
    "cursor": _CURSOR,
    "window": 1024,
    "clients": 12,
    "stale": STALE,
    "worker": "web-1/4107",
    "version": __version__,
}
