"""The clients of one worker, by state: who can be written to, who is parked, who waits."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from hero_router.feed.subscribers import Subscriber, SubscriberState


class Subscribers:
    """Every client that is not gone, in exactly one state. Iterating may not change states."""

    def __init__(self) -> None:
        self._clients: dict[SubscriberState, set[Subscriber]] = {
            state: set() for state in SubscriberState if state is not SubscriberState.CLOSED
        }

    def __len__(self) -> int:
        return sum(map(len, self._clients.values()))

    def __iter__(self) -> Iterator[Subscriber]:
        return (client for clients in self._clients.values() for client in clients)

    def count(self, *states: SubscriberState) -> int:
        """How many clients are in these states."""
        return sum(len(self._clients[state]) for state in states)

    def in_state(self, *states: SubscriberState) -> tuple[Subscriber, ...]:
        """The clients that are in these states now, free to be moved to others."""
        return tuple(chain.from_iterable(self._clients[state] for state in states))

    def move(self, client: Subscriber, state: SubscriberState) -> None:
        """Move a client to a state; GONE forgets it."""
        if client.state is not SubscriberState.CLOSED:
            self._clients[client.state].discard(client)
        if state is not SubscriberState.CLOSED:
            self._clients[state].add(client)
        client.state = state


def group_by_position(clients: Iterable[Subscriber]) -> Iterator[Sequence[Subscriber]]:
    """The clients in runs of those at one place that want the same, and so are sent the same.

    Who was sent the same holds the very same position, so nothing is compared but by identity.
    """
    run, cursor, only = list[Subscriber](), None, None
    for client in clients:
        if client.cursor is not cursor or client.options.filter is not only:
            if run:
                yield run
            run, cursor, only = [], client.cursor, client.options.filter
        run.append(client)
    if run:
        yield run
