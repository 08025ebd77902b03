"""How long a client may be live and unlike the registry, for each kind of trouble, and who is live.

These are the bounds that docs/faults.md states, with room for a loaded machine of two cores.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hero_router.feed.audit import AGAIN_SECONDS, AUDIT_SECONDS
from hero_router.scan.scan_cycle import WHOLE_SCANS

SCAN_SECONDS = 1
"""Between two scans of the soak's scanners."""

LIVE_SECONDS = 15.0
"""With nothing foreign at hand: an event, a lost Redis or a paused worker shows at a client, or is
told to it, in less. Most of that is for a machine whose two cores are shared by all processes, and
by other tests."""

HEARD_SECONDS = 5.0
"""A client that heard nothing for so long takes its own view for old: two keepalives and a half."""

LOAD_SECONDS = 10.0
"""Room for a loaded machine, on top of what a mechanism takes by itself."""

RECORD_SECONDS = max(AUDIT_SECONDS, AGAIN_SECONDS) + LOAD_SECONDS
"""A record that a foreign hand took or changed: each worker has compared by `AUDIT_SECONDS`, and
tells its clients that they know nothing; who then fetched the state from one that had not compared
is told again `AGAIN_SECONDS` later. So it holds from the trouble on, and from each such word."""

MOVED_SECONDS = 7.0 + LOAD_SECONDS
"""A tail that alone stays on another primary: see `feed.watchdog.RENEW_SECONDS`."""

SCANNED_SECONDS = WHOLE_SCANS * SCAN_SECONDS + LOAD_SECONDS
"""A record that a foreign hand changed is put right by the node's scanner in this time."""

ANEW_SECONDS = AUDIT_SECONDS + AGAIN_SECONDS + LOAD_SECONDS
"""So long after a foreign hand a client may be told to start anew: by the last audit's repetition.
"""

BOUNDS: Mapping[str, float] = {
    "record deleted": RECORD_SECONDS,
    "record changed": RECORD_SECONDS,
    "keys evicted": LIVE_SECONDS,
    "records evicted": RECORD_SECONDS,
    "events deleted": LIVE_SECONDS,
    "half moved": MOVED_SECONDS,
    "rolled back": RECORD_SECONDS,
}
"""Seconds after the end of each kind of foreign trouble. An eviction that takes no record is soon
seen by all: it is no excuse for what an audit alone would find. After a rollback a position may be
given to another event, and who has the old one is told anew in the time of an audit."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Foreign hands at work from `begin` to `end` (Unix seconds); `services` are the ids of those
    whose records they touch, None for any."""

    kind: str
    begin: float
    end: float
    services: Collection[str] | None = None

    @property
    def until(self) -> float:
        """When nobody may be deceived by it any more."""
        return self.end + BOUNDS[self.kind]

    @property
    def at_records(self) -> bool:
        """Whether no event tells of it."""
        return BOUNDS[self.kind] == RECORD_SECONDS

    def touches(self, service: str, since: float, *, gone: bool = True) -> bool:
        """Whether it may be why a service is shown wrong since that time. What came back after an
        eviction came with an event: it is an excuse only for what is `gone` from the registry."""
        concerned = service in self.services if self.services is not None else True
        if self.kind == "records evicted":
            concerned = concerned and gone
        return concerned and self.begin - LIVE_SECONDS <= since <= self.until

    def until_for(self, told: float) -> float:
        """The same for a client that was told then that it knows nothing: where a hand was at a
        record, it may have loaded that anew from a worker that had not compared yet."""
        again = self.at_records and self.begin <= told <= self.until
        return told + RECORD_SECONDS if again else self.until


def deadline(
    troubles: Sequence[Trouble], service: str, since: float, told: float = 0.0, *, gone: bool = True
) -> float:
    """Until when a service may be shown otherwise than it is, if it is so since that time, to who
    was told last at another one that it knows nothing; `gone`: the registry has no such service."""
    touching = (one for one in troubles if one.touches(service, since, gone=gone))
    return max([since + LIVE_SECONDS, *(one.until_for(told) for one in touching)])
