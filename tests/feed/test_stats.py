"""The census: who listens, how far each is behind, and whether every delivery is accounted for."""

from hero_router.feed import census
from hero_router.feed.subscribers import SubscribeOptions, Subscriber, SubscriberState
from tests.feed.bench import Bench
from tests.feed.world import position


def behind(bench: Bench, most: int = 10) -> list[tuple[int, Subscriber]]:
    return census.most_lagging(bench.hub, bench.ring.head, most)


def test_clients_are_counted_by_state_and_by_how_far_they_are_behind() -> None:
    bench = Bench()
    bench.join()
    bench.join(str(position(9)))
    for _ in range(2):
        bench.join(stalled=True)
    bench.publish(6, 6)
    bench.publish(7, 8)
    found = census.subscriber_stats(bench.hub, bench.ring.head)
    assert found.states == {
        SubscriberState.LIVE: 1,
        SubscriberState.BLOCKED: 2,
        SubscriberState.AHEAD: 1,
    }
    assert (found.pending, found.furthest, found.balance) == (4, 2, 0)
    assert found.pending == bench.hub.pending


def test_a_delivery_that_vanishes_is_seen() -> None:
    bench = Bench()
    bench.join()
    bench.hub.counts.expected += 3
    assert census.subscriber_stats(bench.hub, bench.ring.head).balance == 3


def test_without_clients_nothing_is_due() -> None:
    found = census.subscriber_stats(Bench().hub, Bench().ring.head)
    assert (sum(found.states.values()), found.pending, found.furthest, found.balance) == (0,) * 4


def test_those_furthest_behind_are_named_first_and_the_rest_as_far_as_there_is_room() -> None:
    bench = Bench()
    first, _ = bench.join(stalled=True)
    bench.publish(6, 6)
    second, _ = bench.join(stalled=True, wish=SubscribeOptions(conflate=True))
    bench.publish(7, 7)
    bench.publish(8, 9)
    live = {bench.join()[0] for _ in range(3)}
    assert behind(bench, 1) == [(3, first)]
    assert behind(bench, 2) == [(3, first), (2, second)]
    assert {client for lag, client in behind(bench)[2:] if lag == 0} == live
    assert len(behind(bench, 4)) == 4


def test_who_waits_or_is_parked_with_nothing_due_is_named_before_those_who_are_well() -> None:
    bench = Bench()
    for _ in range(5):
        bench.join()
    waiting, _ = bench.join(str(position(9)))
    assert behind(bench, 1) == [(0, waiting)]
