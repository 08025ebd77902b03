"""Events that a foreign hand took out of the stream: no replay runs over their places in silence.

A client that missed one gets one resync with the exact number, and no delivery is unaccounted for.
"""

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.feed.filters import Filter
from hero_router.feed.resume import Ahead, Gap, Replay, resume
from hero_router.feed.sequence_gaps import filled
from hero_router.feed.subscribers import SubscribeOptions, SubscriberState
from hero_router.model import Event
from hero_router.position import Position
from hero_router.store.client import connect
from hero_router.store.keys import Keys
from hero_router.store.stream_reader import Stream
from tests.feed.bench import Bench
from tests.feed.stream import MemoryStream, Scene, resyncs
from tests.feed.world import EPOCH, FakeSink, event, events, position
from tests.support.hand import Hand
from tests.support.redis import RedisServer
from tests.support.wait import eventually

LIMIT = 12

windows = st.builds(
    lambda old, new, beyond: (
        [event(seq, EPOCH - 1) for seq in sorted(old)] + [event(seq) for seq in sorted(new)],
        position(max(new, default=0) + beyond),
    ),
    st.sets(st.integers(1, 9), max_size=4),
    st.sets(st.integers(1, 9), min_size=1, max_size=8),
    st.integers(0, 3),
)
"""Events of two epochs with holes, and a head at or beyond the last of them."""

cursors = st.builds(Position, st.sampled_from([EPOCH - 1, EPOCH]), st.integers(0, 14))


def held(window: Sequence[Event], head: Position) -> tuple[list[Position], list[Position]]:
    """The positions of a filled window, and its holes."""
    entries, lost = filled(window, head, LIMIT)
    return [each.position for each in entries], lost


@given(windows)
def test_a_filled_window_is_dense_up_to_the_head_and_holds_all_that_was_there(
    world: tuple[list[Event], Position],
) -> None:
    window, head = world
    places, lost = held(window, head)
    real = [each.position for each in window]
    assert places == sorted(set(places))
    assert places[-1] == head
    for one, other in pairwise(places):
        assert other == (one.next() if one.epoch == other.epoch else Position(EPOCH, 1))
    assert set(lost) == set(places) - set(real)
    assert set(real[-1:]) <= set(places)
    assert len(places) <= LIMIT
    if len(places) < LIMIT:
        assert set(real) <= set(places)


@given(windows, cursors)
def test_the_answer_is_a_replay_only_where_every_position_up_to_the_head_is_there(
    world: tuple[list[Event], Position], cursor: Position
) -> None:
    window, head = world
    entries, lost = filled(window, head, LIMIT)
    places = [each.position for each in entries]
    verdict = resume(cursor, entries, head, lost)
    real = {each.position for each in window}
    if cursor > head:
        assert verdict == Ahead()
        return
    after = [place for place in places if place > cursor]
    missing = [place for place in after if place not in real]
    if cursor in places or cursor == head or (after and cursor.next() == after[0]):
        assert verdict == (
            Gap(len(missing), len(missing)) if missing else Replay(len(places) - len(after))
        )
    elif cursor.epoch == places[0].epoch and cursor < places[0]:
        assert verdict == Gap(places[0].seq - cursor.seq - 1 + len(missing), len(missing))
    else:
        assert verdict == Gap(None)


@given(windows, cursors, st.booleans(), st.booleans())
def test_what_a_client_gets_and_what_its_resync_counts_make_up_all_events(
    world: tuple[list[Event], Position], cursor: Position, stalled: bool, conflate: bool
) -> None:
    window, head = world
    bench = Bench(limit=LIMIT, loaded=False)
    bench.hub.reload(window, head, "r1")
    client, sink = bench.join(
        str(cursor), stalled=stalled, options=SubscribeOptions(conflate=conflate)
    )
    bench.publish_all(events(head.seq + 1, head.seq + 3))
    if client.state is not SubscriberState.AHEAD:
        bench.drain(client, sink)
        check_numbers(bench, sink, cursor)
    assert bench.unaccounted == 0


def check_numbers(bench: Bench, sink: FakeSink, cursor: Position) -> None:
    """Within one epoch all can be counted: each event is got, superseded, or dropped."""
    reported = [
        json.loads(each.data)["dropped"] for each in sink.messages if each.event == "resync"
    ]
    superseded = [
        json.loads(each.data)["superseded"] for each in sink.messages if each.event == "conflated"
    ]
    assert len(reported) <= 1
    if cursor.epoch == EPOCH and reported != [None]:
        number = sum(reported) + sum(superseded) + len(sink.seqs())
        assert number == bench.ring.head.seq - cursor.seq
    assert bench.hub.pending == 0


def broken(bench: Bench, *missing: int, head: int = 8) -> None:
    """The worker reads a window anew in which these are missing."""
    window = [each for each in events(1, head) if each.position.seq not in missing]
    bench.hub.reload(window, position(head), "r1")


@pytest.fixture
def bench() -> Bench:
    return Bench(limit=LIMIT)


def reported(sink: FakeSink) -> list[tuple[int | None, str, str]]:
    """Each resync: what was dropped, why, and its position."""
    found = [
        (json.loads(each.data), each.last_id) for each in sink.messages if each.event == "resync"
    ]
    return [(data["dropped"], data["reason"], place) for data, place in found]


def test_a_client_before_a_hole_gets_one_resync_and_then_what_is_there(bench: Bench) -> None:
    broken(bench, 5, 7)
    _, sink = bench.join(str(position(3)))
    assert reported(sink) == [(2, "trimmed", str(position(3)))]
    bench.publish(9, 10)
    assert sink.seqs() == [4, 6, 8, 9, 10]
    assert len(reported(sink)) == 1
    assert (bench.hub.stats.dropped, bench.unaccounted) == (2, 0)


def test_each_position_is_passed_one_by_one_also_those_that_hold_nothing(bench: Bench) -> None:
    broken(bench, 5, 6)
    _, sink = bench.join(str(position(3)))
    places = [each.last_id for each in sink.messages[1:] if each.event != "resync"]
    assert places == [str(position(seq)) for seq in range(4, 9)]


def test_the_newest_events_may_be_missing_too(bench: Bench) -> None:
    """The head is what the stream gave out, not the last that it holds."""
    _, live = bench.join(str(position(5)))
    broken(bench, 7, 8)
    assert reported(live) == [(2, "trimmed", str(position(5)))]
    assert live.seqs() == [6]
    assert bench.ring.head == position(8)
    bench.publish(9, 9)
    assert live.seqs() == [6, 9]
    assert bench.unaccounted == 0


def test_a_blocked_client_gets_the_resync_for_a_hole_when_it_reads_on(bench: Bench) -> None:
    client, sink = bench.join(stalled=True)
    bench.publish(6, 6)
    broken(bench, 7)
    assert reported(sink) == []
    bench.drain(client, sink)
    assert reported(sink) == [(1, "trimmed", str(position(6)))]
    assert sink.seqs() == [6, 8]
    assert bench.unaccounted == 0


def test_a_hole_that_is_found_later_is_reported_too(bench: Bench) -> None:
    client, sink = bench.join(str(position(5)), stalled=True)
    broken(bench, 6, 9, head=10)
    broken(bench, 6, 8, 9, head=10)
    bench.drain(client, sink)
    broken(bench, 6, 8, 9, 11, head=12)
    assert [dropped for dropped, _, _ in reported(sink)] == [2, 1, 1]
    assert sink.seqs() == [7, 10, 12]
    assert bench.unaccounted == 0


def test_older_events_that_were_trimmed_count_with_the_holes() -> None:
    bench = Bench(limit=4)
    broken(bench, 6)
    _, sink = bench.join(str(position(2)))
    assert reported(sink) == [(3, "trimmed", str(position(4)))]
    assert sink.seqs() == [5, 7, 8]
    assert bench.unaccounted == 0


def test_conflation_does_not_hide_an_event_that_was_lost(bench: Bench) -> None:
    broken(bench, 6)
    _, sink = bench.join(str(position(3)), options=SubscribeOptions(conflate=True))
    assert reported(sink) == [(1, "trimmed", str(position(3)))]
    assert bench.unaccounted == 0


def test_a_filtering_client_gets_a_resync_for_a_hole_as_it_may_have_been_wanted(
    bench: Bench,
) -> None:
    broken(bench, 6)
    options = SubscribeOptions(Filter.of(services=["s5", "s8"]))
    _, sink = bench.join(str(position(3)), options=options)
    assert reported(sink) == [(1, "trimmed", str(position(3)))]
    assert sink.seqs() == [5, 8]
    assert bench.unaccounted == 0


def test_holes_leave_the_window_like_events(bench: Bench) -> None:
    broken(bench, 2, 5)
    assert bench.ring.holes_after(position(1)) == 2
    bench.publish(9, 40)
    assert bench.ring.holes_after(position(1)) == 0
    assert bench.ring.resume(position(30)) == Replay(2)


def test_the_end_of_an_epoch_may_be_missing_too_and_the_next_one_tells() -> None:
    old = [event(seq, EPOCH - 1) for seq in (1, 2)]
    first = event(1)._replace(after=position(4, EPOCH - 1))
    entries, lost = filled([*old, first, event(2)], position(2), LIMIT)
    assert lost == [position(3, EPOCH - 1), position(4, EPOCH - 1)]
    assert resume(position(2, EPOCH - 1), entries, position(2), lost) == Gap(2, 2)
    assert resume(position(4, EPOCH - 1), entries, position(2), lost) == Replay(4)


@pytest.mark.parametrize("after", [position(9, EPOCH - 2), position(9), position(9, EPOCH + 1)])
def test_an_end_that_cannot_be_makes_no_holes(after: Position) -> None:
    """A foreign hand may write anything."""
    window = [event(2, EPOCH - 1), event(1)._replace(after=after)]
    assert held(window, position(1)) == ([each.position for each in window], [])


def test_a_number_that_is_far_ahead_fills_no_more_than_the_window() -> None:
    entries, lost = filled([event(1)], position(10**15), LIMIT)
    assert len(entries) == len(lost) == LIMIT


async def test_the_newest_event_that_is_deleted_before_a_worker_read_it_is_reported() -> None:
    scene = Scene(MemoryStream())
    scene.stream.publish(3)
    await scene.tail.load()
    sink = scene.subscribe()
    scene.stream.publish(2)
    del scene.stream.events[-1]
    await scene.follow()
    await scene.follow()
    assert (sink.seqs(), resyncs(sink)) == ([4], [(1, "trimmed")])
    assert not await scene.follow()
    assert scene.conditions == []


async def test_xdel_in_a_real_stream_is_reported_to_clients_of_this_worker_and_of_another(
    redis7: RedisServer, hand: Hand
) -> None:
    clients = [connect(redis7.url, name=name) for name in ("admin", "one", "other")]
    one, other = (Scene(Stream(each, Keys(), block_seconds=0.01)) for each in clients[1:])
    try:
        await one.tail.load()
        head, there = one.feed.ring.head, one.subscribe()
        last = await hand.changes("s0", 3)
        await clients[0].xdel(Keys().events, str(last.before()))
        await eventually(lambda: caught_up(one, last), message="the worker reads on")
        await other.tail.load()
        back = FakeSink()
        other.feed.hub.subscribe(back, str(head), "back")
        for sink in (there, back):
            assert resyncs(sink) == [(1, "trimmed")]
            assert sink.seqs() == [head.seq + 1, head.seq + 3]
    finally:
        for each in clients:
            await each.aclose()


async def caught_up(scene: Scene, last: Position) -> bool:
    """One more step of the tail; whether it has come so far."""
    await scene.follow()
    return scene.feed.ring.head == last


def test_an_entry_for_a_hole_is_empty() -> None:
    entries, lost = filled([event(1), event(3)], position(3), LIMIT)
    assert lost == [position(2)]
    assert entries[1] == Event(position(2), None, "", "", {}, "{}")
