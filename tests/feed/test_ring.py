"""The ring: the newest events as bytes, joined once for all who stand at the same place."""

import pytest

from hero_router.feed.resume import Gap, Replay
from hero_router.feed.ring import Ring, frame
from hero_router.model import Event
from hero_router.position import ORIGIN, Position
from tests.feed.world import EPOCH, event, events, position


def make_ring(first: int = 1, last: int = 5, limit: int = 5, slice_bytes: int = 10_000) -> Ring:
    ring = Ring(limit, slice_bytes)
    ring.reset(events(first, last), position(last), "r1")
    return ring


def test_it_keeps_only_the_newest_events() -> None:
    ring = make_ring()
    ring.append(events(6, 8))
    assert [place.seq for place in ring.positions] == [4, 5, 6, 7, 8]
    assert ring.head == position(8)
    assert ring.resume(position(2)) == Gap(1)


def test_a_slice_joins_all_that_follows_a_cursor() -> None:
    part = make_ring().slice_after(position(3))
    assert part is not None
    assert part.data == frame(event(4)) + frame(event(5))
    assert part.last == position(5)


def test_there_is_no_slice_after_the_head() -> None:
    assert make_ring().slice_after(position(5)) is None


def test_everyone_at_the_same_place_gets_the_very_same_bytes() -> None:
    ring = make_ring()
    first, second = ring.slice_after(position(1)), ring.slice_after(position(1))
    assert first is second


def test_a_slice_is_made_anew_after_an_append() -> None:
    ring = make_ring(limit=10)
    ring.slice_after(position(4))
    ring.append(events(6, 6))
    part = ring.slice_after(position(4))
    assert part is not None
    assert part.last == position(6)


def test_a_slice_stops_at_its_size_but_holds_at_least_one_event() -> None:
    size = len(frame(event(1)))
    two = make_ring(slice_bytes=2 * size).slice_after(position(0))
    assert two is not None
    assert two.last == position(2)
    one = make_ring(slice_bytes=1).slice_after(position(0))
    assert one is not None
    assert one.last == position(1)


def test_more_events_than_it_holds_are_refused_instead_of_lost() -> None:
    with pytest.raises(ValueError, match="6 events"):
        make_ring().append(events(6, 11))


def test_a_reset_forgets_everything_before_it() -> None:
    ring = make_ring()
    ring.reset(events(1, 2, epoch=EPOCH + 1), Position(EPOCH + 1, 2), "r1")
    assert ring.resume(position(5)) == Gap(None)
    assert ring.start == Position(EPOCH + 1, 0)


def test_the_base_lies_right_before_the_window() -> None:
    assert make_ring(first=3, last=5).start == position(2)
    assert Ring(5, 100).start == ORIGIN


def test_the_span_lies_between_the_times_of_the_oldest_and_the_newest() -> None:
    ring = Ring(3, 100)
    assert ring.span == 0
    ring.append([event(seq)._replace(at=seq * 1_500) for seq in range(1, 6)][:3])
    assert ring.span == 3
    assert (ring.oldest_at, ring.full) == (1_500, True)
    ring.append([event(4)._replace(at=9_500)])
    assert ring.span == 6.5
    assert ring.oldest_at == 3_000


@pytest.mark.parametrize(("first", "last"), [(0, 5_000), (5_000, 0), (5_000, 4_000)])
def test_no_span_is_made_up_where_the_times_do_not_tell(first: int, last: int) -> None:
    """Of an older version's events, or where another Redis has an earlier clock."""
    ring = Ring(3, 100)
    ring.append([event(1)._replace(at=first), event(2)._replace(at=last)])
    assert ring.span == 0


def test_a_strangers_entry_is_sent_as_a_ping_that_keeps_the_positions_dense() -> None:
    ring = make_ring()
    ring.append([Event(position(6), None, "", "", {}, "{}")])
    part = ring.slice_after(position(5))
    assert part is not None
    assert part.data == f"id: {EPOCH}-6\nevent: ping\ndata: {{}}\n\n".encode()
    assert ring.resume(position(5)) == Replay(4)


def test_events_of_an_older_epoch_are_still_due_to_who_stands_before_them() -> None:
    """They count as lag and as pending, or the balance would be off while they are."""
    ring = Ring(10, 10_000)
    window = [*events(3, 5, EPOCH - 1), *events(1, 4)]
    ring.reset(window, position(4), "r1")
    assert ring.spans_epochs
    behind = [ring.lag(place) for place in (position(2, EPOCH - 1), position(4, EPOCH - 1))]
    assert behind == [7, 5]
    assert [ring.lag(position(seq)) for seq in (0, 3, 4)] == [4, 1, 0]
