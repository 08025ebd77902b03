"""The window: what a subscriber at a cursor is sent next, joined once for all at that place."""

from hero_router.feed.batch_builder import MAX_SLICES, SLICE_BYTES, BatchBuilder
from hero_router.feed.conflation import MAX_REMOVED
from hero_router.feed.encoded_event import frame
from hero_router.feed.filters import Filter
from hero_router.feed.resume import Gap
from hero_router.feed.ring import Ring
from hero_router.feed.subscribers import DEFAULT_OPTIONS, SubscribeOptions
from hero_router.feed.write_batch import Batch
from hero_router.model import Event
from hero_router.sse import Parser
from tests.feed.bench import Bench
from tests.feed.world import EPOCH, FakeSink, event, events, position


def make_window(limit: int = 5, slice_bytes: int = 10_000) -> BatchBuilder:
    """A window that holds the events 1 to 5."""
    window = BatchBuilder(Ring(limit), slice_bytes)
    window.reset(events(1, 5), position(5), "r1")
    return window


def after(window: BatchBuilder, seq: int) -> Batch:
    """The batch after a cursor, where there is one."""
    batch = window.batch_after(position(seq), None)
    assert batch is not None
    return batch


def test_a_batch_joins_all_that_follows_a_cursor() -> None:
    batch = after(make_window(), 3)
    assert batch.buffers == (frame(event(4)) + frame(event(5)),)
    assert (batch.last, batch.last_id, batch.events) == (position(5), position(5), 2)


def test_before_the_first_load_nothing_follows_any_cursor() -> None:
    assert BatchBuilder(Ring(5)).batch_after(position(3), None) is None


def test_each_slice_tells_its_events_from_its_holes() -> None:
    window = BatchBuilder(Ring(5), slice_bytes=1)
    window.reset([event(1), event(3), event(5)], position(5), "r1")
    assert window.next_batch(position(0), DEFAULT_OPTIONS) == Gap(2, 2)
    batch = window.next_batch(position(0), DEFAULT_OPTIONS, known_holes=2)
    assert isinstance(batch, Batch)
    assert [(each.events, each.lost, each.filtered) for each in batch.slices] == [
        (1, 0, 0),
        (0, 1, 0),
        (1, 0, 0),
        (0, 1, 0),
    ]


def test_holes_are_none_of_the_events_that_a_filter_leaves_out() -> None:
    window = BatchBuilder(Ring(5))
    window.reset([event(1), event(3), event(5)], position(5), "r1")
    batch = window.batch_after(position(0), Filter.of(services=["s3"]))
    assert batch is not None
    assert (batch.events, batch.filtered, batch.lost) == (1, 2, 2)


def test_nothing_follows_the_head() -> None:
    window = make_window()
    assert window.batch_after(position(5), None) is None
    assert window.next_batch(position(5), DEFAULT_OPTIONS) is None


def test_nothing_is_sent_to_a_cursor_that_is_ahead() -> None:
    assert make_window().next_batch(position(9), DEFAULT_OPTIONS) is None


def test_a_gap_is_reported_before_what_is_there() -> None:
    window = make_window()
    window.append(events(6, 8))
    assert window.next_batch(position(1), DEFAULT_OPTIONS) == Gap(2)
    assert window.next_batch(position(3), DEFAULT_OPTIONS) is after(window, 3)


def test_all_subscribers_at_the_same_cursor_get_the_very_same_bytes() -> None:
    window = make_window()
    assert after(window, 1) is after(window, 1)
    assert window.next_batch(position(1), DEFAULT_OPTIONS) is after(window, 1)


def test_a_batch_is_made_anew_after_an_append() -> None:
    window = make_window(limit=10)
    after(window, 4)
    window.append(events(6, 6))
    assert after(window, 4).last == position(6)


def test_a_batch_is_made_anew_after_a_reset() -> None:
    window = make_window()
    after(window, 0)
    window.reset(events(1, 5, pad=9), position(5), "r2")
    assert after(window, 0).buffers == (b"".join(map(frame, events(1, 5, pad=9))),)


def test_a_slice_stops_at_its_size_but_holds_at_least_one_event() -> None:
    size = len(frame(event(1)))
    assert after(make_window(slice_bytes=2 * size), 0).slices[0].last == position(2)
    assert after(make_window(slice_bytes=2 * size - 1), 0).slices[0].last == position(1)
    assert after(make_window(slice_bytes=1), 0).slices[0].last == position(1)


def test_a_batch_has_the_next_slices_in_order_up_to_its_length() -> None:
    window = make_window(slice_bytes=1)
    batch = after(window, 0)
    assert batch.buffers == tuple(frame(event(seq)) for seq in range(1, MAX_SLICES + 1))
    assert batch.last == position(MAX_SLICES)
    rest = after(window, MAX_SLICES)
    assert rest.buffers == (frame(event(5)),)
    assert window.batch_after(rest.last, None) is None


def test_batches_that_overlap_share_their_slices() -> None:
    window = make_window(slice_bytes=1)
    first, second = after(window, 0), after(window, 1)
    assert all(one is other for one, other in zip(first.slices[1:], second.slices, strict=False))


def test_a_batch_of_which_a_filter_wants_nothing_has_no_bytes_and_yet_moves_on() -> None:
    batch = make_window(slice_bytes=1).batch_after(position(0), Filter.of(services=["nobody"]))
    assert batch is not None
    assert (batch.buffers, batch.last, batch.last_id) == ((), position(5), None)
    assert (batch.events, batch.filtered) == (0, 5)


def test_an_entry_of_another_program_is_sent_as_a_ping_and_keeps_its_position() -> None:
    window = make_window()
    window.append([Event(position(6), None, "", "", {}, "{}")])
    batch = after(window, 5)
    assert batch.buffers == (f"id: {EPOCH}-6\nevent: ping\ndata: {{}}\n\n".encode(),)


def test_a_subscriber_with_conflation_gets_newest_events_instead_of_a_gap() -> None:
    window = make_window()
    window.append(events(6, 8))
    batch = window.next_batch(position(1), SubscribeOptions(conflate=True))
    assert isinstance(batch, Batch)
    assert (batch.last, batch.events) == (position(8), 7)


def test_conflation_hides_no_hole_behind_more_removals_than_it_remembers() -> None:
    number = MAX_REMOVED + 2
    removals = [event(seq)._replace(type="service_removed") for seq in range(1, number + 1)]
    del removals[-2]
    window = BatchBuilder(Ring(number))
    window.reset(removals, position(number), "r1")
    wanted = SubscribeOptions(conflate=True)
    assert window.next_batch(position(number - 3), wanted) == Gap(1, 1)
    assert isinstance(window.next_batch(position(number - 1), wanted), Batch)


def test_a_cursor_is_after_the_last_slice_that_its_sink_has_taken() -> None:
    bench = Bench(limit=5_000)
    slow, sink = bench.join(stalled=True)
    _, quick = bench.join()
    bench.publish(6, 2_000, pad=200)
    held = [*Parser().feed(sink.waiting)]
    assert slow.cursor == position(5 + len(held))
    assert len(sink.waiting) <= SLICE_BYTES
    assert quick.seqs() == list(range(6, 2_001))
    bench.drain(slow, sink)
    assert sink.seqs() == quick.seqs()
    assert bench.unaccounted == 0


def test_a_client_that_takes_one_slice_at_a_time_gets_one_resync_for_two_holes() -> None:
    bench, sink = Bench(), FakeSink()
    window = [event(seq, pad=SLICE_BYTES) for seq in (1, 2, 3, 4, 6, 8)]
    bench.hub.reload(window, position(8), "r1")
    sink.stalled = True
    client = bench.hub.subscribe(sink, str(position(3)), "slow")
    for _ in range(20):
        sink.take()
        bench.hub.writable(client)
    assert (sink.names().count("resync"), sink.seqs()) == (1, [4, 6, 8])
    assert bench.unaccounted == 0
