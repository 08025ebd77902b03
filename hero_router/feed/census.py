"""Who listens to one worker now, counted and listed. It only looks: nothing runs when they act."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from hero_router.feed.hub import Hub
from hero_router.feed.subscribers import Subscriber, SubscriberState
from hero_router.position import Position

PRESENT: tuple[SubscriberState, ...] = (
    SubscriberState.LIVE,
    SubscriberState.BLOCKED,
    SubscriberState.AHEAD,
)


@dataclass(frozen=True, slots=True)
class SubscriberStats:
    """Clients by state, deliveries that are pending, and how far the last client is behind.

    `balance` is what was owed and neither settled nor is pending: 0, or a delivery has vanished.
    """

    states: Mapping[SubscriberState, int]
    pending: int
    furthest: int
    balance: int


def subscriber_stats(hub: Hub, head: Position) -> SubscriberStats:
    """Count all clients of a hub whose ring is at `head`.

    Clients that have everything hold that very position, so nothing is worked out for them.
    """
    behind = [hub.behind(client) for client in hub.clients if client.cursor is not head]
    states = {state: hub.clients.count(state) for state in PRESENT}
    pending = sum(behind)
    balance = hub.counts.expected - hub.counts.completed - pending
    return SubscriberStats(states, pending, max(behind, default=0), balance)


def most_lagging(hub: Hub, head: Position, most: int) -> list[tuple[int, Subscriber]]:
    """At most so many clients with how many events each is behind, the furthest first."""
    live = SubscriberState.LIVE
    late = [
        (hub.behind(client), client)
        for client in hub.clients
        if client.cursor is not head or client.state is not live
    ]
    found = heapq.nlargest(most, late, key=lambda item: item[0])
    current = (each for each in hub.clients if each.cursor is head and each.state is live)
    return found + [(0, client) for client in islice(current, most - len(found))]
