"""Trains of slices: as much as a client's sink takes in one call, and no more."""

from hero_router.feed.filters import Filter
from hero_router.feed.hub import SLICE_BYTES
from hero_router.feed.ring import TRAIN, frame
from hero_router.sse import Parser
from tests.feed.bench import Bench
from tests.feed.test_ring import make_ring
from tests.feed.world import event, events, position


def test_a_train_has_the_next_slices_in_order_up_to_its_length() -> None:
    ring = make_ring(slice_bytes=1)
    train = ring.train_after(position(0))
    assert train is not None
    assert train.buffers == tuple(frame(event(seq)) for seq in range(1, TRAIN + 1))
    assert train.last == position(TRAIN)
    rest = ring.train_after(train.last)
    assert rest is not None
    assert rest.buffers == (frame(event(5)),)
    assert ring.train_after(rest.last) is None


def test_a_train_is_made_once_for_everyone_and_anew_after_an_append() -> None:
    ring = make_ring(limit=10)
    first = ring.train_after(position(1))
    assert ring.train_after(position(1)) is first
    ring.append(events(6, 6))
    longer = ring.train_after(position(1))
    assert longer is not None
    assert longer.last == position(6)


def test_a_train_of_which_a_filter_wants_nothing_has_no_bytes_and_yet_moves_on() -> None:
    train = make_ring(slice_bytes=1).train_after(position(0), Filter.of(services=["nobody"]))
    assert train is not None
    assert (train.buffers, train.last) == ((), position(5))


def test_a_client_stands_after_the_last_slice_that_its_sink_has_taken() -> None:
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
