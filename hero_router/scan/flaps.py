"""Flap damping: a service whose status changes too often is marked, and its worst status shown.

A service is marked as flapping if its sockets changed in `FLAP_SCANS` of the last `WINDOW` scans,
or `FLAP_CHANGES` times in these scans (new sockets are also probed between scans). The mark ends
after `WINDOW` scans without a change. A marked service publishes one event per scan at most, and
one more whenever its status gets worse. Pure: no I/O, no clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hero_router.model import Record, SocketState, Status
from hero_router.severity import severity

WINDOW = 10
FLAP_SCANS = 4
FLAP_CHANGES = 8

StateKey = Mapping[str, tuple[Status, str | None]]
"""The state of a service, for comparison: status and error of its sockets, by path."""


@dataclass(frozen=True, slots=True)
class Flaps:
    """The scans in which a service changed, and whether the service is marked as flapping."""

    moves: tuple[int, ...] = ()
    marked: bool = False

    def after(self, scan: int, *, moved: bool) -> "Flaps":
        """The service's flaps after one more evaluation, in the scan with this number."""
        recent = tuple(move for move in self.moves if scan - move < WINDOW)
        moves = (*recent, scan)[-FLAP_CHANGES:] if moved else recent
        often = len(set(moves)) >= FLAP_SCANS or len(moves) >= FLAP_CHANGES
        return Flaps(moves, often or (self.marked and bool(moves)))


def changed(before: StateKey, after: StateKey) -> bool:
    """Whether a socket changed or is gone; a new socket, or its first probe, does not count."""
    return any(
        after.get(path) != state for path, state in before.items() if state[0] is not Status.UNKNOWN
    )


def state_key(sockets: Iterable[SocketState]) -> StateKey:
    """The state of a service with these sockets."""
    return {socket.path: (socket.status, socket.error) for socket in sockets}


def hold_worst(new: Record, published: Record, *, again: bool) -> Record:
    """The service record to publish for a marked service: the worse of two records.

    `again`: the service was already published in this scan, so not even its sockets may change.
    """
    marked = replace(new, flapping=True)
    if severity(new.status) > severity(published.status):
        return marked
    if again:
        return replace(published, flapping=True)
    shown = {socket.path: socket for socket in published.sockets}
    sockets = tuple(shown.get(socket.path, socket) for socket in new.sockets)
    return replace(
        marked,
        status=published.status,
        reason=published.reason,
        changed_at=published.changed_at,
        sockets=sockets,
    )
