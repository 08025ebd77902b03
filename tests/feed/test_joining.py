"""How streams begin: at a worker that has read nothing yet, in a gap, and after another hello."""

import json

from hero_router.feed.batch_builder import CACHE_BYTES, CACHE_COST
from hero_router.feed.conditions import Condition
from hero_router.feed.filters import Filter
from hero_router.feed.stream_timers import AHEAD_SECONDS
from hero_router.feed.subscribers import SubscribeOptions
from tests.feed.bench import Bench
from tests.feed.world import events, position


def unloaded() -> Bench:
    """A worker that has not reached Redis yet."""
    return Bench(loaded=False)


def test_a_hello_before_a_gap_moves_no_position() -> None:
    """With an id in it, a client that is cut off right after it would resume behind the gap."""
    bench = Bench()
    bench.publish(6, 40)
    _, sink = bench.join(str(position(10)))
    hello, resync = sink.messages[:2]
    assert (hello.event, hello.last_id, json.loads(hello.data)["cursor"]) == ("hello", "", None)
    assert (resync.event, json.loads(resync.data)["dropped"]) == ("resync", 22)
    assert resync.last_id == str(position(32))


def test_a_client_that_is_cut_off_after_any_frame_still_gets_its_resync() -> None:
    bench = Bench()
    bench.publish(6, 40)
    _, whole = bench.join(str(position(10)))
    for cut in range(len(whole.messages)):
        seen = whole.messages[: cut + 1]
        place = next((each.last_id for each in reversed(seen) if each.last_id), str(position(10)))
        _, again = bench.join(place)
        seen_in_all = [*seen, *again.messages]
        assert sum(each.event == "resync" for each in seen_in_all) >= 1, cut


def test_after_each_hello_all_conditions_are_sent_again() -> None:
    """A page forgets them with a hello: no frame says what ended while it was away."""
    bench = Bench()
    _, sink = bench.join()
    scanner = Condition("scanner", "n1", 7, "gone")
    bench.hub.send_conditions((scanner,))
    bench.hub.reload(events(1, 5), position(5), "r2")
    assert sink.names() == ["hello", "stale", "hello", "stale"]
    assert json.loads(sink.messages[-1].data)["reason"] == "scanner"


def test_a_client_before_the_first_load_gets_a_hello_and_the_reason_to_wait() -> None:
    bench = unloaded()
    away = Condition("redis", None, 7, "Redis cannot be reached")
    bench.hub.send_conditions((away,))
    _, sink = bench.join()
    assert sink.names() == ["hello", "stale"]
    assert sink.messages[0].last_id == ""
    assert (bench.unaccounted, bench.hub.pending) == (0, 0)


def test_a_pending_new_client_starts_at_the_head_without_a_gap() -> None:
    bench = unloaded()
    _, sink = bench.join()
    bench.load()
    bench.publish(6, 7)
    assert sink.names() == ["hello", "hello", "service_updated", "service_updated"]
    assert sink.messages[1].last_id == str(position(5))
    assert bench.unaccounted == 0


def test_a_pending_client_that_came_back_is_judged_after_the_first_load() -> None:
    bench = unloaded()
    _, same = bench.join(str(position(5)))
    _, behind = bench.join(str(position(3)))
    _, unknown = bench.join("nonsense")
    bench.pass_time(10 * AHEAD_SECONDS)
    for sink in (same, behind, unknown):
        assert "resync" not in sink.names()
    bench.load()
    assert same.seqs() == []
    assert behind.seqs() == [4, 5]
    assert [each.names().count("resync") for each in (same, behind, unknown)] == [0, 0, 1]
    assert bench.unaccounted == 0


def test_a_worker_that_ends_before_its_first_load_ends_its_streams_cleanly() -> None:
    bench = unloaded()
    _, sink = bench.join()
    bench.hub.close()
    assert sink.calls == ["end"]


def test_a_cursor_is_ahead_of_the_stream_only_if_redis_has_just_confirmed_the_head() -> None:
    """While Redis is silent and that is not noticed yet, a newer worker may well be right."""
    bench = Bench()
    _, sink = bench.join(str(position(9)))
    bench.clock.now += 10 * AHEAD_SECONDS
    bench.hub.tick()
    assert "resync" not in sink.names()
    bench.pass_time(0)
    assert "resync" in sink.names()


def test_a_window_that_is_read_anew_confirms_the_head() -> None:
    bench = Bench()
    _, sink = bench.join(str(position(9)))
    bench.clock.now += 10 * AHEAD_SECONDS
    bench.load()
    bench.hub.tick()
    assert "resync" in sink.names()


def test_the_memory_of_joined_slices_is_bounded_whatever_cursors_clients_choose() -> None:
    """In a quiet world no event comes that would free them."""
    bench = Bench(limit=2_000)
    bench.publish(6, 2_000, pad=500)
    for seq in range(1, 2_000, 20):
        bench.window.batch_after(position(seq), None)
        slices = bench.window._slices.values()
        assert sum(len(part.data) for part in slices) <= CACHE_BYTES
    _, sink = bench.join(str(position(1_990)), options=SubscribeOptions(Filter.of(types=["scan"])))
    assert sink.seqs() == []


def test_slices_without_bytes_take_memory_too() -> None:
    bench, most = Bench(), CACHE_BYTES // CACHE_COST
    for number in range(most + 1):
        bench.window.batch_after(position(4), Filter(contexts=frozenset({f"c{number}"})))
    assert len(bench.window._slices) <= most
