"""One client of the hub: where its bytes go, its place in the stream, and what it was told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from hero_router.feed.conditions import ConditionMap
from hero_router.feed.filters import Filter
from hero_router.position import ORIGIN, Position


class Sink(Protocol):
    """Where one client's bytes go; its owner makes it from a connection.

    It calls `Hub.drained` when a backlog has gone, and `Hub.leave` when the connection is lost.
    """

    def write(self, data: bytes) -> None:
        """Hand over bytes, in order, without ever blocking; a dead connection swallows them.

        What the kernel does not take waits here, behind what waits already.
        """

    def write_many(self, datas: Sequence[bytes]) -> int:
        """Hand over as many of these as the kernel takes; says how many. Nothing may wait yet.

        Of the others the first one waits here, in part or whole; those after it are not taken.
        """

    def buffered(self) -> int:
        """How many bytes the kernel has not taken yet."""

    def close(self) -> None:
        """Finish the stream cleanly after what was written."""

    def abort(self) -> None:
        """Drop the connection at once."""


class SubscriberState(Enum):
    """Where a client is in its life."""

    PENDING = "cold"
    """Came before the worker had read the stream: nothing can be said to it yet."""
    LIVE = "live"
    BLOCKED = "parked"
    AHEAD = "waiting"
    CLOSED = "gone"


@dataclass(frozen=True, slots=True)
class SubscribeOptions:
    """How a client wants its stream: all events, or those of a filter; conflated after a stall."""

    filter: Filter | None = None
    conflate: bool = False


DEFAULT_OPTIONS = SubscribeOptions()


@dataclass(eq=False, slots=True)
class Subscriber:
    """One stream. `asked` is where it says it stands (None: it is new), `cursor` the position that
    it has reached and `heard` the last one that it was told; `told` and `store` are the doubts and
    the Redis process that it knows of. It was told of `holes` of the window that lie before it.

    `since` is when a waiting client began to wait, or a parked one last made progress; `parked_at`
    when it was parked, `joined_at` when it came and `until` when its stream is too old; all by the
    hub's clock.
    """

    sink: Sink
    name: str
    options: SubscribeOptions
    requested_id: str | None
    connected_at: float
    expires_at: float
    cursor: Position = ORIGIN
    last_event_id: Position = ORIGIN
    told_holes: int = 0
    state: SubscriberState = SubscriberState.CLOSED
    sent_conditions: ConditionMap = field(default_factory=dict)
    run_id: str = ""
    state_since: float = 0.0
    blocked_at: float = 0.0
    buffered: int = 0
    owner: object = None
    """On whose behalf the stream is open; the hub only keeps it."""
