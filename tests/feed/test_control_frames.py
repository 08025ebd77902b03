"""Frames that are no events (hello, ping, resync, stale, fresh) when the transport takes no more.

A subscriber with buffered bytes is blocked: nothing is written past them. The fake sink refuses
that, as the real one queues behind them.
"""

import pytest

from hero_router.feed.conditions import Condition
from hero_router.feed.subscribers import SubscriberState
from tests.feed.bench import PING, STALL, Bench
from tests.feed.world import FakeSink, events, position


def lost_nodes(number: int = 1) -> tuple[Condition, ...]:
    """The conditions of so many lost nodes."""
    return tuple(Condition("scanner", f"n{each}", each, "gone") for each in range(number))


def stalling(sink: FakeSink) -> FakeSink:
    """From now on the client's kernel takes nothing."""
    sink.stalled = True
    return sink


def test_conditions_that_do_not_fit_block_their_client(bench: Bench) -> None:
    client, sink = bench.join()
    stalling(sink)
    bench.hub.send_conditions(lost_nodes())
    assert client.state is SubscriberState.BLOCKED
    bench.publish(6, 7)
    bench.drain(client, sink)
    assert sink.names() == ["hello", "stale", "service_updated", "service_updated"]
    assert (sink.seqs(), bench.unaccounted) == ([6, 7], 0)


def test_a_ping_that_does_not_fit_blocks_its_client(bench: Bench) -> None:
    client, sink = bench.join()
    stalling(sink)
    bench.pass_time(PING)
    assert client.state is SubscriberState.BLOCKED
    bench.publish(6, 7)
    bench.drain(client, sink)
    assert sink.names() == ["hello", "ping", "service_updated", "service_updated"]


def test_changes_after_a_catch_up_that_do_not_fit_block_again(bench: Bench) -> None:
    client, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.hub.send_conditions(lost_nodes())
    sink.take()  # the event has gone; what follows it finds no room
    bench.hub.writable(client)
    assert client.state is SubscriberState.BLOCKED
    bench.publish(7, 7)
    bench.drain(client, sink)
    assert sink.names() == ["hello", "service_updated", "stale", "service_updated"]


def test_a_hello_that_does_not_fit_blocks_its_client() -> None:
    bench, sink = Bench(), stalling(FakeSink())
    client = bench.hub.subscribe(sink, str(position(3)), "test")
    assert client.state is SubscriberState.BLOCKED
    bench.publish(6, 6)
    bench.drain(client, sink)
    assert (sink.names()[0], sink.seqs()) == ("hello", [4, 5, 6])


def test_a_second_hello_that_does_not_fit_blocks_its_client(bench: Bench) -> None:
    client, sink = bench.join()
    stalling(sink)
    bench.hub.reload(events(1, 5), position(5), "r2")
    assert client.state is SubscriberState.BLOCKED
    bench.publish(6, 6)
    bench.drain(client, sink)
    assert sink.names() == ["hello", "hello", "service_updated"]


@pytest.mark.parametrize("loaded", [False, True], ids=["pending", "ahead"])
def test_little_is_buffered_for_a_client_that_is_pending_or_ahead_and_reads_nothing(
    loaded: bool,
) -> None:
    """It gets the conditions once it reads again, however often they changed meanwhile."""
    bench = Bench(loaded=loaded)
    client, sink = bench.join(str(position(9)), stalled=True)
    for number in range(1, 50):
        bench.hub.send_conditions(lost_nodes(number % 3))
        bench.hub.tick()
        bench.clock.now += PING
    assert client.state is (SubscriberState.AHEAD if loaded else SubscriberState.PENDING)
    assert sink.buffered() < 500
    bench.hub.send_conditions(lost_nodes(2))
    sink.stalled = False
    sink.take()
    bench.hub.writable(client)
    names = [each.event for each in sink.messages if each.event in ("stale", "fresh")]
    assert names.count("stale") - names.count("fresh") == 2
    assert client.sent_conditions == lost_nodes(2)


def test_a_client_that_takes_one_byte_of_its_backlog_is_not_dropped(bench: Bench) -> None:
    client, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    for _ in range(5):
        bench.pass_time(STALL - 1)
        sink.take(1)
    bench.pass_time(2)
    assert client.state is SubscriberState.BLOCKED
    bench.pass_time(STALL)
    assert (client.state, sink.calls) == (SubscriberState.CLOSED, ["abort"])
