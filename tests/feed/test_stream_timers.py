"""Lifetime: pings, and streams that end when they stall, are too old, or the worker closes."""

import json

import pytest

from hero_router.feed.conditions import Condition
from hero_router.feed.stream_timers import AHEAD_SECONDS
from hero_router.feed.stream_timing import TICK
from hero_router.feed.subscribers import Subscriber, SubscriberState
from tests.feed.bench import PING, STALL, Bench
from tests.feed.world import FakeSink, cursor


def test_a_cursor_ahead_of_the_stream_itself_is_unknown_after_a_bounded_wait(bench: Bench) -> None:
    client, sink = bench.join(cursor(99))
    bench.pass_time(AHEAD_SECONDS / 2)
    assert client.state is SubscriberState.AHEAD
    bench.pass_time(AHEAD_SECONDS / 2)
    assert sink.names()[:2] == ["hello", "resync"]
    resync = json.loads(sink.messages[1].data)
    assert (resync["dropped"], resync["reason"]) == (None, "unknown_position")
    assert sink.seqs() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("reason", ["redis", "stream"])
def test_without_the_right_redis_no_cursor_counts_as_ahead_of_the_stream(
    bench: Bench, reason: str
) -> None:
    client, _ = bench.join(cursor(7))
    condition = Condition(reason, None, 1, "away")
    bench.hub.send_conditions((condition,))
    bench.pass_time(AHEAD_SECONDS * 10)
    assert client.state is SubscriberState.AHEAD
    bench.hub.send_conditions(())
    bench.pass_time(AHEAD_SECONDS / 2)
    assert client.state is SubscriberState.AHEAD


def test_a_client_without_progress_is_disconnected(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    slow, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.pass_time(STALL - 1)
    assert sink.calls == []
    bench.pass_time(1)
    assert sink.calls == ["abort"]
    assert slow.state is SubscriberState.CLOSED
    assert len(bench.hub.subscribers) == 0
    assert bench.hub.stats.closed == {"stalled": 1}
    assert (
        "disconnected the client test: it has read nothing of its event stream for 60 s"
        in caplog.text
    )


def test_a_client_that_reads_slowly_but_steadily_stays_connected(bench: Bench) -> None:
    _, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    for _ in range(5):
        sink.take(most=1)
        bench.pass_time(STALL - 1)
    assert sink.calls == []


def test_a_ping_carries_the_head_to_a_live_client_and_no_position_to_one_that_is_ahead(
    bench: Bench,
) -> None:
    _, live = bench.join()
    _, ahead = bench.join(cursor(6))
    condition = Condition("redis", None, 1, "away")
    bench.hub.send_conditions((condition,))
    bench.pass_time(PING)
    assert live.messages[-1].event == "ping"
    assert live.messages[-1].last_id == cursor(5)
    assert ahead.messages[-1].event == "ping"
    assert ahead.messages[-1].last_id == cursor(6)


def test_pings_come_once_in_their_time_and_not_to_blocked_clients(bench: Bench) -> None:
    _, sink = bench.join()
    slow, slow_sink = bench.join(stalled=True)
    bench.publish(6, 6)
    waiting = slow_sink.buffered()
    bench.pass_time(PING)
    bench.pass_time(PING / 2)
    assert sink.names().count("ping") == 1
    assert slow.state is SubscriberState.BLOCKED
    assert slow_sink.buffered() == waiting


def test_on_shutdown_each_stream_ends_cleanly_with_its_own_time_to_return(bench: Bench) -> None:
    _, sink = bench.join()
    _, slow = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.hub.close()
    assert sink.calls == ["end"]
    assert sink.raw.endswith(b"retry: 400\n\n")
    assert slow.calls == ["abort"]
    assert len(bench.hub.subscribers) == 0
    assert bench.hub.stats.closed == {"shutdown": 2}


def ended(sinks: list[FakeSink]) -> int:
    """How many streams have ended cleanly, each with its time to come back."""
    assert all(sink.raw.endswith(b"retry: 400\n\n") for sink in sinks if sink.calls == ["end"])
    return sum(sink.calls == ["end"] for sink in sinks)


def test_a_worker_that_drains_ends_its_streams_evenly_over_the_time() -> None:
    bench = Bench()
    sinks = [bench.join()[1] for _ in range(80)]
    bench.hub.close(seconds=2.0)
    numbers = [ended(sinks)]
    for _ in range(8):
        bench.pass_time(TICK)
        numbers.append(ended(sinks))
    assert numbers == [10, 20, 30, 40, 50, 60, 70, 80, 80]


def test_a_draining_worker_still_delivers_and_takes_whoever_comes() -> None:
    bench = Bench()
    sinks = [bench.join()[1] for _ in range(8)]
    bench.hub.close(seconds=2.0)
    _, late = bench.join()
    bench.publish(6, 7)
    assert late.seqs() == [6, 7]
    assert sum(sink.seqs() == [6, 7] for sink in sinks) == 7
    bench.pass_time(2.0)
    assert ended([*sinks, late]) == 9


def test_a_stream_ends_when_it_is_old_and_not_all_at_once() -> None:
    bench = Bench(max_age=100.0)
    _, sink = bench.join()
    bench.pass_time(74)
    assert sink.calls == []
    bench.pass_time(1)
    assert sink.calls == ["end"]
    assert bench.hub.stats.closed == {"aged": 1}


def test_a_stream_that_cannot_be_sent_events_ends_when_it_is_old_too() -> None:
    """Else a revoked login would hold for as long as the client does not read."""
    bench = Bench(max_age=40.0, loaded=False)
    _, pending = bench.join()
    bench.pass_time(29)
    assert pending.calls == []
    bench.pass_time(1)
    bench.load()
    _, ahead = bench.join(cursor(99))
    _, blocked = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.hub.send_conditions((Condition("redis", None, 1, "away"),))
    bench.pass_time(29)
    assert (ahead.calls, blocked.calls) == ([], [])
    bench.pass_time(1)
    assert (pending.calls, ahead.calls, blocked.calls) == (["end"], ["end"], ["abort"])
    assert bench.hub.stats.closed == {"aged": 3}


def test_streams_have_no_age_unless_it_is_set() -> None:
    bench = Bench()
    _, sink = bench.join()
    bench.pass_time(1e9)
    assert sink.calls == []


def test_progress_between_two_ticks_renews_the_stall_time(bench: Bench) -> None:
    _, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.clock.now += STALL - 1
    sink.take(most=1)
    bench.pass_time(2)
    assert sink.calls == []
    bench.pass_time(STALL - 1)
    assert sink.calls == [], "the time counts from the last byte"
    bench.pass_time(1)
    assert sink.calls == ["abort"]


def test_the_streams_of_one_owner_are_ended_and_no_others(bench: Bench) -> None:
    sinks = [FakeSink() for _ in range(3)]
    owners = ("one", "one", "other")
    for sink, owner in zip(sinks, owners, strict=True):
        bench.hub.subscribe(sink, None, "test", owner=owner)
    sinks[1].stalled = True
    bench.publish(6, 6)

    def is_revoked(subscriber: Subscriber) -> bool:
        return subscriber.owner == "one"

    bench.hub.close_where(is_revoked)
    assert [sink.calls for sink in sinks] == [["end"], ["abort"], []]
    assert sinks[0].raw.endswith(b"retry: 400\n\n")
    assert bench.hub.stats.closed == {"revoked": 2}
    bench.publish(7, 7)
    assert [sink.seqs() for sink in sinks] == [[6], [], [6, 7]]
    assert bench.unaccounted == 0
