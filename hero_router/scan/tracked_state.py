"""The state of sockets and services that the scanner keeps between scans (tracked state).

The tracked state has more details than the service record. Pure: no I/O, no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hero_router.model import Record, SocketState
from hero_router.scan.flaps import Flaps
from hero_router.scan.probe_result import Documents
from hero_router.scan.walk import SocketFile


@dataclass(frozen=True, slots=True)
class TrackedSocket:
    """The tracked state of one socket, between two probes.

    `identity` is that of the probed socket file. `documents` is the last outcome of asking for
    documents; `document_faults` is how often in a row they were late or bad; `documents_in` is the
    number of probes until the socket is asked for documents again. `inactive_since` is the time of
    the first probe without a listener, in seconds of the monotonic clock. A `stale` socket had no
    listener for too long, and is not in the registry any more. `calm_probes` is how many probes in
    a row found no failure and no change; `probed_ms` is the time of the last probe (Unix ms by
    Redis's clock).
    """

    state: SocketState
    identity: tuple[int, int, int]
    documents: Documents | None = None
    document_faults: int = 0
    documents_in: int = 0
    inactive_since: float | None = None
    stale: bool = False
    calm_probes: int = 0
    probed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TrackedService:
    """The tracked state of one service, between two scans.

    `record` is the last service record that was built; a service that Redis lost, or that left and
    came back, gets its dates from it. `changed_in` is the scan in which that record last changed.
    `in_registry`: the record was published, and the scanner has not removed it since.
    """

    sockets: Mapping[bytes, TrackedSocket] = field(default_factory=dict)
    flaps: Flaps = field(default_factory=Flaps)
    record: Record | None = None
    changed_in: int = -1
    in_registry: bool = False

    @property
    def registered(self) -> Record | None:
        """The service record as last published, which dashboards show even if Redis lost it."""
        return self.record if self.in_registry else None


def track(file: SocketFile, before: TrackedSocket | None, record: Record | None) -> TrackedSocket:
    """The tracked state of a socket: `before`, else from the service record, else a new one.

    If the socket was bound again, it is asked for its documents again, and is not `stale` any more.
    """
    if before is None:
        new = file.state
        for known in record.sockets if record is not None else ():
            if known.path == new.path:
                new = replace(known, name=new.name, role=new.role, raw_path=new.raw_path)
        return TrackedSocket(new, file.identity)
    if before.identity != file.identity:
        kept = replace(before, identity=file.identity, inactive_since=None, stale=False)
        return replace(kept, documents_in=0, calm_probes=0)
    return before


def is_new(file: SocketFile, before: TrackedSocket | None) -> bool:
    """Whether this socket was never probed, or was bound again since its last probe."""
    return before is None or before.identity != file.identity


def documents_due(file: SocketFile, before: TrackedSocket | None) -> bool:
    """Whether the next probe of this socket should ask for its documents."""
    return before is None or before.identity != file.identity or before.documents_in <= 0


def ask_again(service: TrackedService, digest: str) -> TrackedService:
    """The tracked service, with the next probe to ask again for the document with this digest."""
    return replace(
        service,
        sockets={
            raw: replace(socket, documents_in=0) if _offers(socket, digest) else socket
            for raw, socket in service.sockets.items()
        },
    )


def _offers(socket: TrackedSocket, digest: str) -> bool:
    facts = None if socket.documents is None else socket.documents.facts
    return facts is not None and facts.document == digest


def after_takeover(tracked: TrackedService, known: Record | None) -> TrackedService:
    """The tracked state that is still valid after another scanner held the lease.

    The dates (in `record`) are kept, and the `stale` sockets that are not in the registry.
    """
    shown = () if known is None else tuple(socket.path for socket in known.sockets)
    sockets = {
        raw: socket
        for raw, socket in tracked.sockets.items()
        if socket.stale and socket.state.path not in shown
    }
    return TrackedService(sockets, record=tracked.record)
