"""One client of the hub: where its bytes go, its place in the stream, and what it was told."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from hero_router.feed.conditions import Conditions
from hero_router.position import ORIGIN, Position


class Sink(Protocol):
    """Where one client's bytes go; its owner makes it from a connection."""

    def write(self, data: bytes) -> None:
        """Hand over bytes, in order, without ever blocking; a dead connection swallows them."""

    def backlog(self) -> int:
        """How many bytes the kernel has not taken yet."""

    def parked(self) -> None:
        """Promise to call `Hub.drained` once the backlog has gone down."""

    def end(self) -> None:
        """Finish the stream cleanly after what was written."""

    def abort(self) -> None:
        """Drop the connection at once."""


class State(Enum):
    """Where a client is in its life."""

    LIVE = "live"
    PARKED = "parked"
    WAITING = "waiting"
    GONE = "gone"


@dataclass(eq=False, slots=True)
class Client:
    """One stream. `cursor` is the last position written to it, `told` and `store` the doubts and
    the Redis process that it knows of.

    `since` is when a waiting client began to wait, or a parked one last made progress.
    """

    sink: Sink
    name: str
    cursor: Position = ORIGIN
    state: State = State.GONE
    told: Conditions = field(default_factory=dict)
    store: str = ""
    since: float = 0.0
    backlog: int = 0
