"""Damps services that change all the time: marks them, and lets their record only get worse. Pure.

A service flaps when its sockets changed state in `FLAP_SCANS` of the last `WINDOW` scans, or
`FLAP_CHANGES` times in them (the folder is also looked at between scans). The mark goes when it
has not changed for a whole window. While marked it makes at most one event per scan and socket
set, plus one for each time that it gets worse, so its rate of events is bounded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hero_router.model import Record, SocketState, Status

WINDOW = 10
FLAP_SCANS = 4
FLAP_CHANGES = 8

_SEVERITY = {
    Status.HEALTHY: 0,
    Status.UNKNOWN: 1,
    Status.DEGRADED: 2,
    Status.NON_RPC: 3,
    Status.INACTIVE: 4,
    Status.UNHEALTHY: 5,
}

StateKey = Mapping[str, tuple[Status, str | None]]
"""What a change is measured by: each socket's status and error by path."""


@dataclass(frozen=True, slots=True)
class Flaps:
    """The scans in which a service changed, and whether it is marked."""

    moves: tuple[int, ...] = ()
    marked: bool = False

    def after(self, scan: int, *, moved: bool) -> "Flaps":
        """The count after one more look in scan number `scan`."""
        recent = tuple(move for move in self.moves if scan - move < WINDOW)
        moves = (*recent, scan)[-FLAP_CHANGES:] if moved else recent
        often = len(set(moves)) >= FLAP_SCANS or len(moves) >= FLAP_CHANGES
        return Flaps(moves, often or (self.marked and bool(moves)))


def changed(before: StateKey, after: StateKey) -> bool:
    """Whether a socket changed or left. A new one, or one looked at first, is no flap."""
    return any(
        after.get(path) != state for path, state in before.items() if state[0] is not Status.UNKNOWN
    )


def state_key(sockets: tuple[SocketState, ...]) -> StateKey:
    """The face of these sockets."""
    return {socket.path: (socket.status, socket.error) for socket in sockets}


def hold_worst(new: Record, published: Record, *, again: bool) -> Record:
    """What a marked service shows: the worse of what it shows and what is true.

    `again`: it was already published in this scan, so not even its sockets may change.
    """
    marked = replace(new, flapping=True)
    if _SEVERITY[new.status] > _SEVERITY[published.status]:
        return marked
    if again:
        return replace(published, flapping=True)
    shown = {socket.path: socket for socket in published.sockets}
    sockets = tuple(shown.get(socket.path, socket) for socket in new.sockets)
    return replace(marked, status=published.status, reason=published.reason, sockets=sockets)
