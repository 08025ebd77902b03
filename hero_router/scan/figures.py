"""What a scanner tells of its probes beside the registry: figures that are new with each scan."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from hero_router.model import Record
from hero_router.scan.diff import TrackedService
from hero_router.scan.status import TrackedSocket


def by_service(
    memories: Mapping[str, TrackedService], known: Mapping[str, Record]
) -> dict[str, dict[str, Any]]:
    """The last probe of each known service's sockets; `checked_at` is that of the longest ago."""
    found = {}
    for key, memory in memories.items():
        probed = [one for one in memory.sockets.values() if not one.stale and one.probed_ms]
        if key in known and probed:
            found[key] = {
                "checked_at": min(one.probed_ms or 0 for one in probed),
                "sockets": {one.state.name: _figures(one) for one in probed},
            }
    return found


def _figures(socket: TrackedSocket) -> dict[str, Any]:
    return {
        "latency_ms": socket.state.latency_ms,
        "error": socket.state.error,
        "failures": socket.state.failures,
        "checked_at": socket.probed_ms,
    }


def durations(memories: Iterable[TrackedService]) -> dict[str, float]:
    """How long the sockets that answered took to their first answer, in ms; {} where none did."""
    took = [
        socket.state.latency_ms
        for memory in memories
        for socket in memory.sockets.values()
        if not socket.stale and socket.state.latency_ms is not None
    ]
    return {"median": round(median(took), 3), "longest": round(max(took), 3)} if took else {}


def failing(memories: Iterable[TrackedService], error: str) -> list[str]:
    """The paths of all sockets that have this error."""
    return [
        socket.state.path
        for memory in memories
        for socket in memory.sockets.values()
        if not socket.stale and socket.state.error == error
    ]
