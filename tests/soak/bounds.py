"""How long a client may be live and unlike the registry, for each kind of trouble, and who is live.

These are the bounds that docs/faults.md states, with room for a loaded machine of two cores.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hero_router.feed.audit import AGAIN_SECONDS, AUDIT_SECONDS

LIVE_SECONDS = 10.0
"""With nothing foreign at hand: an event, a lost Redis or a paused worker shows at a client, or is
told to it, in less. Most of that is for a machine whose two cores are shared by all processes."""

HEARD_SECONDS = 5.0
"""A client that heard nothing for so long takes its own view for old: two keepalives and a half."""

LOAD_SECONDS = 10.0
"""Room for a loaded machine, on top of what a mechanism takes by itself."""

RECORD_SECONDS = max(AUDIT_SECONDS, AGAIN_SECONDS) + LOAD_SECONDS
"""A record that a foreign hand took or changed: each worker has compared by `AUDIT_SECONDS`; who
fetched the state from one that had not is told again at `AGAIN_SECONDS`."""

MOVED_SECONDS = 7.0 + LOAD_SECONDS
"""A tail that alone stays on another primary: see `sentry.RENEW_SECONDS`."""

ANEW_SECONDS = AUDIT_SECONDS + AGAIN_SECONDS + LOAD_SECONDS
"""So long after a foreign hand a client may be told to start anew: by the last audit's repetition.
"""

BOUNDS: Mapping[str, float] = {
    "record deleted": RECORD_SECONDS,
    "record changed": RECORD_SECONDS,
    "keys evicted": RECORD_SECONDS,
    "events deleted": LIVE_SECONDS,
    "half moved": MOVED_SECONDS,
    "rolled back": LIVE_SECONDS,
}
"""Seconds after the end of each kind of foreign trouble."""


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

    def touches(self, service: str, since: float) -> bool:
        """Whether it may be why a service is shown wrong since that time."""
        concerned = self.services is None or service in self.services
        return concerned and self.begin - LIVE_SECONDS <= since <= self.until


def deadline(troubles: Sequence[Trouble], service: str, since: float) -> float:
    """Until when a service may be shown otherwise than it is, if it is so since that time."""
    excused = [one.until for one in troubles if one.touches(service, since)]
    return max([since + LIVE_SECONDS, *excused])
