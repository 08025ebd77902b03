"""The hub: no client waits for a slow one, and none misses an event without a resync."""

import json
import logging

import pytest

from hero_router.feed.batch_builder import SLICE_BYTES
from hero_router.feed.conditions import Condition
from hero_router.feed.stream_timing import AFTER_MS_PER_CLIENT
from hero_router.feed.subscribers import SubscriberState
from hero_router.position import ORIGIN, Position
from tests.feed.bench import NOW_MS, Bench
from tests.feed.world import EPOCH, cursor, events, position


def test_a_new_client_is_greeted_with_the_head_and_gets_what_follows(bench: Bench) -> None:
    _, sink = bench.join()
    bench.publish(6, 7)
    assert sink.names() == ["hello", "service_updated", "service_updated"]
    hello = json.loads(sink.messages[0].data)
    assert hello == {"cursor": cursor(5), "run_id": "r1", "now": NOW_MS, "window": 8}
    assert sink.messages[0].last_id == cursor(5)
    assert sink.messages[0].retry_ms == 2000
    assert sink.seqs() == [6, 7]


def test_a_client_that_comes_back_gets_exactly_what_it_has_not_seen(bench: Bench) -> None:
    _, sink = bench.join(cursor(3))
    assert json.loads(sink.messages[0].data)["cursor"] == cursor(3)
    assert sink.seqs() == [4, 5]


def test_a_client_before_the_window_gets_one_resync_with_its_exact_gap(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.publish(6, 12)
    with caplog.at_level(logging.WARNING):
        _, sink = bench.join(cursor(2))
    assert sink.names()[:2] == ["hello", "resync"]
    resync = sink.messages[1]
    assert json.loads(resync.data) == {
        "dropped": 2,
        "reason": "trimmed",
        "after_ms": 1,
        "run_id": "r1",
        "now": NOW_MS,
        "as_of": None,
    }
    assert resync.last_id == cursor(4)
    assert sink.seqs() == list(range(5, 13))
    assert "missed 2 events" in caplog.text
    assert bench.unaccounted == 0


@pytest.mark.parametrize(
    "cursor_text",
    ["garbage", "0-0", "-1", "$", "999-1", "5-", "1-1-1", "x" * 10_000, "\u0661-\u0661", "1000-05"],
)
def test_a_text_that_is_no_known_position_is_an_unknown_gap(bench: Bench, cursor_text: str) -> None:
    _, sink = bench.join(cursor_text)
    assert sink.names()[:2] == ["hello", "resync"]
    assert json.loads(sink.messages[1].data)["dropped"] is None
    assert json.loads(sink.messages[1].data)["reason"] == "unknown_position"
    assert sink.seqs() == [1, 2, 3, 4, 5]
    assert bench.hub.subscribers.count(SubscriberState.LIVE) == 1


def test_a_client_ahead_of_this_worker_waits_until_it_has_caught_up(bench: Bench) -> None:
    client, sink = bench.join(cursor(7))
    assert client.state is SubscriberState.AHEAD
    bench.publish(6, 6)
    assert client.state is SubscriberState.AHEAD
    bench.publish(7, 8)
    assert sink.names() == ["hello", "service_updated"]
    assert sink.seqs() == [8]


def test_a_slow_client_is_blocked_and_nothing_more_is_queued_for_it(bench: Bench) -> None:
    slow, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    waiting = sink.buffered()
    bench.publish(7, 8)
    assert slow.state is SubscriberState.BLOCKED
    assert sink.buffered() == waiting
    assert sink.calls == []


def test_a_client_is_blocked_since_its_connection_took_no_more(bench: Bench) -> None:
    """Also while it takes a part now and then."""
    slow, sink = bench.join(stalled=True)
    bench.clock.now += 5
    began = bench.clock.now
    bench.publish(6, 6)
    bench.clock.now += 5
    bench.publish(7, 7)
    sink.take()
    bench.hub.writable(slow)
    assert slow.state is SubscriberState.BLOCKED
    assert slow.blocked_at == began


def test_no_client_waits_for_a_slow_one(bench: Bench) -> None:
    bench.join(stalled=True)
    _, quick = bench.join()
    bench.publish(6, 7)
    assert quick.seqs() == [6, 7]


def test_a_blocked_client_that_reads_on_in_time_misses_nothing(bench: Bench) -> None:
    slow, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.publish(7, 9)
    bench.drain(slow, sink)
    assert sink.seqs() == [6, 7, 8, 9]
    assert "resync" not in sink.names()
    assert slow.state is SubscriberState.LIVE


def test_a_blocked_client_that_fell_out_of_the_window_gets_a_resync_with_its_exact_gap(
    bench: Bench,
) -> None:
    slow, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    for seq in range(7, 21):
        bench.publish(seq, seq)
    bench.drain(slow, sink)
    resyncs = [json.loads(each.data) for each in sink.messages if each.event == "resync"]
    assert [(each["dropped"], each["reason"]) for each in resyncs] == [(6, "lagged")]
    assert sink.seqs() == [6, *range(13, 21)]
    assert bench.unaccounted == 0


def test_the_memory_of_a_slow_client_is_bounded_while_it_catches_up() -> None:
    bench = Bench(limit=5_000)
    slow, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.publish(7, 4_000, pad=200)
    sink.take()
    bench.hub.writable(slow)
    assert slow.state is SubscriberState.BLOCKED
    assert sink.buffered() <= SLICE_BYTES


def test_conditions_are_sent_at_once_when_they_begin_and_end(bench: Bench) -> None:
    _, sink = bench.join()
    condition = Condition("redis", None, 7, "Redis cannot be reached")
    bench.hub.send_conditions((condition,))
    bench.hub.send_conditions(())
    assert sink.names() == ["hello", "stale", "fresh"]
    assert json.loads(sink.messages[1].data)["detail"] == "Redis cannot be reached"
    fresh = {"reason": "redis", "node": None, "since": 7, "now": NOW_MS, "as_of": None}
    assert json.loads(sink.messages[2].data) == fresh
    assert sink.messages[1].last_id == cursor(5)


def test_a_new_client_gets_the_conditions_right_after_its_hello(bench: Bench) -> None:
    condition = Condition("scanner", "n1", 7, "gone")
    bench.hub.send_conditions((condition,))
    _, sink = bench.join()
    assert sink.names() == ["hello", "stale"]


def test_a_blocked_client_that_reads_on_gets_the_conditions_that_hold_then(bench: Bench) -> None:
    slow, sink = bench.join(stalled=True)
    old, new = Condition("redis", None, 1, "away"), Condition("scanner", "n1", 2, "gone")
    bench.publish(6, 6)
    bench.hub.send_conditions((old,))
    bench.hub.send_conditions((new,))
    bench.drain(slow, sink)
    stale = [json.loads(each.data)["reason"] for each in sink.messages if each.event == "stale"]
    assert stale == ["scanner"]


def test_a_worker_that_trimming_overtook_reports_the_jump_to_its_clients(bench: Bench) -> None:
    _, sink = bench.join()
    bench.hub.reload(events(9, 12), position(12), "r1")
    assert sink.names()[:2] == ["hello", "resync"]
    assert json.loads(sink.messages[1].data)["dropped"] == 3
    assert json.loads(sink.messages[1].data)["reason"] == "trimmed"
    assert sink.seqs() == [9, 10, 11, 12]


def test_after_a_reload_that_lost_nothing_clients_just_go_on(bench: Bench) -> None:
    _, sink = bench.join()
    bench.hub.reload(events(3, 7), position(7), "r1")
    assert sink.names() == ["hello", "service_updated", "service_updated"]


def test_another_redis_process_is_announced_by_another_hello(bench: Bench) -> None:
    _, sink = bench.join()
    slow, slow_sink = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.hub.reload(events(3, 6), position(6), "r2")
    bench.drain(slow, slow_sink)
    for each in (sink, slow_sink):
        assert each.names() == ["hello", "service_updated", "hello"]
        assert json.loads(each.messages[-1].data)["run_id"] == "r2"
        assert each.messages[-1].last_id == cursor(6)


def test_another_redis_process_is_announced_to_a_client_that_is_ahead_of_it(bench: Bench) -> None:
    client, sink = bench.join()
    bench.hub.reload(events(1, 3), position(3), "r2")
    assert client.state is SubscriberState.AHEAD
    assert [json.loads(each.data)["run_id"] for each in sink.messages] == ["r1", "r2"]


def test_a_store_that_went_back_and_began_a_new_epoch_is_an_unknown_gap(bench: Bench) -> None:
    _, sink = bench.join()
    bench.hub.reload([*events(1, 3), *events(1, 2, EPOCH + 9)], Position(EPOCH + 9, 2), "r1")
    assert json.loads(sink.messages[1].data)["dropped"] is None
    assert json.loads(sink.messages[1].data)["reason"] == "store_changed"


def test_the_first_event_of_a_stream_that_was_never_written_is_no_gap() -> None:
    bench = Bench()
    bench.hub.reload([], ORIGIN, "r1")
    _, sink = bench.join()
    bench.publish(1, 2)
    assert sink.names() == ["hello", "service_updated", "service_updated"]


def test_resyncs_are_spread_over_the_number_of_clients(bench: Bench) -> None:
    sinks = [bench.join()[1] for _ in range(200)]
    bench.hub.reload(events(9, 12), position(12), "r1")
    after = json.loads(sinks[0].messages[1].data)["after_ms"]
    assert after == int(0.5 * 200 * AFTER_MS_PER_CLIENT)


def test_blocks_drops_and_resyncs_are_counted(bench: Bench) -> None:
    slow, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    for seq in range(7, 21):
        bench.publish(seq, seq)
    bench.drain(slow, sink)
    counts = bench.hub.stats
    assert counts.published == 15
    assert (counts.joined, counts.blocked, counts.dropped) == (1, 1, 6)
    assert counts.resyncs == {"lagged": 1}


def test_each_resync_is_counted_by_its_reason() -> None:
    bench = Bench(limit=4)
    bench.join("garbage")
    bench.publish(6, 20)
    _, sink = bench.join(str(position(6)))
    assert json.loads(sink.messages[1].data)["dropped"] == 10
    assert bench.hub.stats.resyncs == {"unknown_position": 1, "trimmed": 1}


@pytest.mark.parametrize(("limit", "most"), [(1, 1), (3, 1), (8, 4)])
def test_half_a_window_is_published_at_once_and_at_least_one_event(limit: int, most: int) -> None:
    bench = Bench(limit=limit)
    assert bench.hub.max_publish == most
    _, sink = bench.join()
    bench.publish(6, 15)
    assert sink.seqs() == list(range(6, 16))


def test_a_state_that_was_not_redis_own_is_loaded_again_by_every_client(bench: Bench) -> None:
    """At once by those that can be written to, and by a blocked one when it has read on."""
    live, ahead = bench.join()[1], bench.join(cursor(9))[1]
    slow, slow_sink = bench.join(stalled=True)
    bench.publish(6, 6)
    bench.publish(7, 7)
    bench.hub.resync_all()
    assert bench.unaccounted == 0
    assert slow_sink.names() == ["hello"]
    bench.drain(slow, slow_sink)
    for sink in (live, ahead, slow_sink):
        [resync] = [json.loads(each.data) for each in sink.messages if each.event == "resync"]
        assert (resync["dropped"], resync["reason"]) == (None, "store_changed")
    bench.publish(8, 8)
    assert [sink.seqs()[-1] for sink in (live, ahead, slow_sink)] == [8, 8, 8]
    assert (bench.hub.pending, bench.unaccounted) == (0, 0)


def test_clients_that_were_ahead_wait_no_more_once_everything_is_resent(bench: Bench) -> None:
    client, sink = bench.join(cursor(9))
    bench.hub.resync_all()
    assert client.state is SubscriberState.LIVE
    assert sink.seqs() == [1, 2, 3, 4, 5]
