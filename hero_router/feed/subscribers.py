"""The subscribers of one worker: one open stream each, in exactly one state, and their sinks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import Protocol

from hero_router.feed.conditions import Condition
from hero_router.feed.filters import Filter
from hero_router.position import ORIGIN, Position


class Sink(Protocol):
    """Where one client's bytes go; its owner makes it from a connection.

    The owner calls `Hub.writable` when all buffered bytes have gone, and `Hub.unsubscribe` when
    the connection is lost.
    """

    def write(self, data: bytes) -> None:
        """Hand over bytes, in order, without ever blocking; a dead connection drops them.

        Bytes that the kernel does not take are buffered here, behind those that are buffered
        already.
        """

    def write_many(self, buffers: Sequence[bytes]) -> int:
        """Hand over as many buffers as the kernel takes and return their number.

        Nothing may be buffered before the call. The first buffer that the kernel does not take in
        full is buffered here; those after it are not taken.
        """

    def buffered(self) -> int:
        """How many bytes the kernel has not taken yet."""

    def close(self) -> None:
        """Finish the stream cleanly after what was written."""

    def abort(self) -> None:
        """Drop the connection at once."""


class SubscriberState(Enum):
    """What a subscriber can be sent now."""

    PENDING = "pending"
    """It came before the worker had read the stream: its position cannot be judged yet."""
    LIVE = "live"
    """It has been sent everything, and takes more."""
    BLOCKED = "blocked"
    """Its connection takes no more for now."""
    AHEAD = "ahead"
    """Its cursor is later than anything that this worker has read."""
    CLOSED = "closed"
    """Its stream has ended."""


@dataclass(frozen=True, slots=True)
class SubscribeOptions:
    """Which events a client wants, and whether it wants them conflated after it fell behind."""

    filter: Filter | None = None
    conflate: bool = False


DEFAULT_OPTIONS = SubscribeOptions()
"""Every event."""


@dataclass(eq=False, slots=True)
class Subscriber:
    """One stream. All times are monotonic seconds by the hub's clock.

    `name` is for people; `owner` is whatever `Hub.close_where` shall find it by. `requested_id` is
    the position that the client came with (None: it is new). `cursor` is how far it was sent the
    stream, `last_event_id` the last position that it can read in its frames. `known_holes` is how
    many holes after its cursor a resync has reported. `sent_conditions` and `run_id` are the
    conditions and the Redis process that it knows of.

    `state_since` is when an AHEAD subscriber began to wait, or when a BLOCKED one last took bytes;
    `buffered` is how many bytes were waiting then. `blocked_at` is when it became BLOCKED.
    """

    sink: Sink
    name: str
    options: SubscribeOptions
    requested_id: str | None
    connected_at: float
    expires_at: float
    owner: object = None
    cursor: Position = ORIGIN
    last_event_id: Position = ORIGIN
    known_holes: int = 0
    state: SubscriberState = SubscriberState.CLOSED
    sent_conditions: tuple[Condition, ...] = ()
    run_id: str = ""
    state_since: float = 0.0
    blocked_at: float = 0.0
    buffered: int = 0


class Subscribers:
    """All subscribers that are not closed. States must not change during an iteration."""

    def __init__(self) -> None:
        self._by_state: dict[SubscriberState, set[Subscriber]] = {
            state: set() for state in SubscriberState if state is not SubscriberState.CLOSED
        }

    def __len__(self) -> int:
        return sum(map(len, self._by_state.values()))

    def __iter__(self) -> Iterator[Subscriber]:
        return chain.from_iterable(self._by_state.values())

    def count(self, *states: SubscriberState) -> int:
        """How many subscribers are in these states."""
        return sum(len(self._by_state[state]) for state in states)

    def in_state(self, *states: SubscriberState) -> tuple[Subscriber, ...]:
        """The subscribers that are in these states now, as a copy: their states may change."""
        return tuple(chain.from_iterable(self._by_state[state] for state in states))

    def move(self, subscriber: Subscriber, state: SubscriberState) -> None:
        """Change a subscriber's state; CLOSED forgets it."""
        if subscriber.state is not SubscriberState.CLOSED:
            self._by_state[subscriber.state].discard(subscriber)
        if state is not SubscriberState.CLOSED:
            self._by_state[state].add(subscriber)
        subscriber.state = state


def group_by_position(subscribers: Iterable[Subscriber]) -> Iterator[Sequence[Subscriber]]:
    """Runs of neighbours with the same cursor and the same filter: they are sent the same bytes.

    Subscribers that were sent the same hold the very same cursor object, so objects are compared
    by identity.
    """
    run, cursor, wanted = list[Subscriber](), None, None
    for subscriber in subscribers:
        if subscriber.cursor is not cursor or subscriber.options.filter is not wanted:
            if run:
                yield run
            run, cursor, wanted = [], subscriber.cursor, subscriber.options.filter
        run.append(subscriber)
    if run:
        yield run
