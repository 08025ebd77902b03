"""Subscribers are counted by state and lag, and every delivery is accounted for."""

from hero_router.feed.delivery_stats import SubscriberStats, most_lagging, subscriber_stats
from hero_router.feed.subscribers import SubscribeOptions, Subscriber, SubscriberState
from tests.feed.bench import Bench
from tests.feed.world import position


def stats(bench: Bench) -> SubscriberStats:
    return subscriber_stats(bench.ring, bench.hub.subscribers, bench.hub.stats)


def lagging(bench: Bench, number: int = 10) -> list[tuple[int, Subscriber]]:
    return most_lagging(bench.ring, bench.hub.subscribers, number)


def test_subscribers_are_counted_by_state_and_by_how_far_they_are_behind() -> None:
    bench = Bench()
    bench.join()
    bench.join(str(position(9)))
    for _ in range(2):
        bench.join(stalled=True)
    bench.publish(6, 6)
    bench.publish(7, 8)
    found = stats(bench)
    assert found.states == {
        SubscriberState.LIVE: 1,
        SubscriberState.BLOCKED: 2,
        SubscriberState.AHEAD: 1,
    }
    assert (found.pending, found.max_lag, found.unaccounted) == (4, 2, 0)
    assert found.pending == bench.hub.pending


def test_a_delivery_that_vanishes_is_seen() -> None:
    bench = Bench()
    bench.join()
    bench.hub.stats.expected += 3
    assert stats(bench).unaccounted == 3


def test_without_subscribers_nothing_is_due() -> None:
    found = stats(Bench())
    assert (sum(found.states.values()), found.pending, found.max_lag, found.unaccounted) == (0,) * 4


def test_the_furthest_behind_are_named_first_and_the_others_while_there_is_room() -> None:
    bench = Bench()
    first, _ = bench.join(stalled=True)
    bench.publish(6, 6)
    second, _ = bench.join(stalled=True, options=SubscribeOptions(conflate=True))
    bench.publish(7, 7)
    bench.publish(8, 9)
    live = {bench.join()[0] for _ in range(3)}
    assert lagging(bench, 1) == [(3, first)]
    assert lagging(bench, 2) == [(3, first), (2, second)]
    assert {client for lag, client in lagging(bench)[2:] if lag == 0} == live
    assert len(lagging(bench, 4)) == 4


def test_a_subscriber_that_waits_with_nothing_due_is_named_before_those_that_are_live() -> None:
    bench = Bench()
    for _ in range(5):
        bench.join()
    waiting, _ = bench.join(str(position(9)))
    assert lagging(bench, 1) == [(0, waiting)]
