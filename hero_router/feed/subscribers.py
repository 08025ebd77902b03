"""The subscribers of one worker: each is one client's open stream, in exactly one state."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import Any, Protocol

from hero_router.feed.conditions import Condition
from hero_router.feed.filters import Filter
from hero_router.position import ORIGIN, Position


class Sink(Protocol):
    """Interface of one client's connection: it sends the bytes of the stream.

    The connection calls `Hub.writable` when all buffered bytes are sent, and `Hub.unsubscribe` when
    it is lost.
    """

    def write(self, data: bytes) -> None:
        """Send bytes without blocking; a lost connection drops them.

        Bytes that the kernel does not take are buffered, after the bytes that are buffered already.
        """

    def write_many(self, buffers: Sequence[bytes]) -> int:
        """Send as many buffers as the kernel takes in full, and return their number.

        No bytes may be buffered before the call. The rest of the first buffer that the kernel does
        not take in full is buffered; the buffers after it are not taken.
        """

    def buffered(self) -> int:
        """How many bytes the kernel has not taken yet."""

    def close(self) -> None:
        """End the stream after all written bytes are sent."""

    def abort(self) -> None:
        """Close the connection at once; buffered bytes are lost."""


MuteMap = Mapping[str, Any]
"""A muted service as it is sent to clients; see `store.mutes.Mute`."""


class SubscriberState(Enum):
    """Whether a subscriber can be sent events now."""

    PENDING = "pending"
    """It connected before the worker had read the stream, so it is not known what it misses."""
    LIVE = "live"
    """It has been sent all events, and its connection takes more bytes."""
    BLOCKED = "blocked"
    """Its connection takes no more bytes for now."""
    AHEAD = "ahead"
    """Its cursor is later than the newest event that this worker has read."""
    CLOSED = "closed"
    """Its stream has ended."""


@dataclass(frozen=True, slots=True)
class SubscribeOptions:
    """Which events a client wants, and whether they are conflated after it fell behind.

    `shown` is the filter for what the client may see (None: everything); `filter` is never wider.
    """

    filter: Filter | None = None
    conflate: bool = False
    shown: Filter | None = None


DEFAULT_OPTIONS = SubscribeOptions()
"""Send every event, without conflation."""


@dataclass(eq=False, slots=True)
class Subscriber:
    """One client's event stream. All times are monotonic seconds by the hub's clock.

    `name` is for people; `owner` is any object by which `Hub.close_where` finds the subscriber.
    `requested_id` is the position with which the client connected (None: it is new). `cursor` is
    the last position that was sent or filtered out, `last_event_id` the last position that the
    client can read in its frames. `known_holes` is how many holes after the cursor a `resync` has
    reported.
    `sent_conditions`, `sent_mutes` and `run_id` are what the client was told: the conditions, the
    muted services and the Redis process.

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
    sent_mutes: tuple[MuteMap, ...] = ()
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
        """Change a subscriber's state; CLOSED removes it."""
        if subscriber.state is not SubscriberState.CLOSED:
            self._by_state[subscriber.state].discard(subscriber)
        if state is not SubscriberState.CLOSED:
            self._by_state[state].add(subscriber)
        subscriber.state = state


def group_by_position(subscribers: Iterable[Subscriber]) -> Iterator[Sequence[Subscriber]]:
    """Group neighbours with the same cursor and the same filter: they are sent the same bytes.

    Subscribers that were sent the same events have the same cursor object, so objects are compared
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
