"""The ring: keeps the newest entries, and knows how far a cursor is behind them."""

import pytest

from hero_router.feed.encoded_event import make_entry
from hero_router.feed.resume import Gap, Replay
from hero_router.feed.ring import Ring
from hero_router.model import Event
from hero_router.position import ORIGIN, Position
from tests.feed.world import EPOCH, event, events, position


def append(ring: Ring, published: list[Event]) -> None:
    """The events are published."""
    ring.append([make_entry(each) for each in published])


def make_ring(window: list[Event], limit: int = 5) -> Ring:
    """A ring that holds these events, the last of which is the stream's head."""
    ring = Ring(limit)
    ring.reset([make_entry(each) for each in window], (), window[-1].position, "r1")
    return ring


def test_before_the_first_load_it_holds_nothing_and_names_no_redis() -> None:
    ring = Ring(5)
    assert (len(ring), ring.head, ring.start, ring.run_id) == (0, ORIGIN, ORIGIN, "")
    assert (ring.span, ring.oldest_at, ring.full, ring.spans_epochs) == (0, 0, False, False)


def test_it_keeps_only_the_newest_events() -> None:
    ring = make_ring(events(1, 5))
    append(ring, events(6, 8))
    assert [entry.position.seq for entry in ring.entries] == [4, 5, 6, 7, 8]
    assert (len(ring), ring.head) == (5, position(8))
    assert ring.resume(position(2)) == Gap(1)


def test_it_stays_as_it_is_where_nothing_new_was_published() -> None:
    ring = make_ring(events(1, 5))
    append(ring, [])
    assert (len(ring), ring.head) == (5, position(5))


def test_holes_are_counted_and_reported_until_they_leave_the_window() -> None:
    ring = Ring(5)
    entries = [make_entry(each) for each in events(1, 5)]
    ring.reset(entries, [position(2), position(4)], position(5), "r1")
    assert [ring.holes_after(position(seq)) for seq in (1, 2, 3, 4)] == [2, 1, 1, 0]
    assert ring.resume(position(1)) == Gap(2, 2)
    append(ring, events(6, 6))
    assert ring.resume(position(1)) == Gap(2, 2)
    append(ring, events(7, 8))
    assert (ring.resume(position(1)), ring.resume(position(3))) == (Gap(3, 1), Gap(1, 1))
    append(ring, events(9, 9))
    assert (ring.holes_after(position(1)), ring.resume(position(4))) == (0, Replay(0))


def test_more_events_than_it_holds_are_refused_instead_of_lost() -> None:
    with pytest.raises(ValueError, match="6 events"):
        append(make_ring(events(1, 5)), events(6, 11))


def test_a_reset_forgets_everything_before_it() -> None:
    ring = make_ring(events(1, 5))
    entries = [make_entry(each) for each in events(1, 2, epoch=EPOCH + 1)]
    ring.reset(entries, (), Position(EPOCH + 1, 2), "r2")
    assert ring.resume(position(5)) == Gap(None)
    assert (ring.start, ring.run_id) == (Position(EPOCH + 1, 0), "r2")


def test_the_start_lies_right_before_the_window() -> None:
    assert make_ring(events(3, 5)).start == position(2)


def test_the_newest_frames_come_oldest_first() -> None:
    ring = make_ring(events(1, 5))
    assert ring.recent(2) == [make_entry(event(4)).frame, make_entry(event(5)).frame]


def test_the_span_lies_between_the_times_of_the_oldest_and_the_newest() -> None:
    ring = Ring(3)
    append(ring, [event(seq)._replace(at=seq * 1_500) for seq in range(1, 4)])
    assert ring.span == 3
    assert (ring.oldest_at, ring.full) == (1_500, True)
    append(ring, [event(4)._replace(at=9_500)])
    assert ring.span == 6.5
    assert ring.oldest_at == 3_000


@pytest.mark.parametrize(("first", "last"), [(0, 5_000), (5_000, 0), (5_000, 4_000)])
def test_no_span_is_made_up_where_the_times_are_unknown(first: int, last: int) -> None:
    """An older version's events have no time, and another Redis may have an earlier clock."""
    ring = Ring(3)
    append(ring, [event(1)._replace(at=first), event(2)._replace(at=last)])
    assert ring.span == 0


def test_events_of_an_older_epoch_still_count_as_lag() -> None:
    """Else the pending deliveries would be too few, and some would be unaccounted for."""
    ring = make_ring([*events(3, 5, EPOCH - 1), *events(1, 4)], limit=10)
    assert ring.spans_epochs
    assert [ring.lag(position(seq, EPOCH - 1)) for seq in (2, 4, 5, 9)] == [7, 5, 4, 4]
    assert [ring.lag(position(seq)) for seq in (0, 3, 4)] == [4, 1, 0]


def test_one_event_of_an_older_epoch_is_enough_to_span_two() -> None:
    assert make_ring([event(5, EPOCH - 1), event(1)]).spans_epochs


def test_no_event_is_due_where_the_cursor_is_ahead() -> None:
    ring = make_ring(events(1, 5))
    assert not ring.spans_epochs
    assert (ring.lag(position(9)), ring.lag(position(1, EPOCH + 1))) == (0, 0)


def test_another_time_at_a_position_that_it_holds_is_a_contradiction() -> None:
    """Redis lost that event, and gave its position to another one."""
    ring = make_ring([each._replace(at=100 + each.position.seq) for each in events(1, 5)])
    append(ring, [event(6)._replace(at=106)])
    assert not ring.contradicts({})
    assert not ring.contradicts({position(seq): 100 + seq for seq in range(1, 9)})
    for seq in range(2, 7):
        assert ring.contradicts({position(6): 106, position(7): 107} | {position(seq): 999})
    assert not ring.contradicts({position(1): 999}), "it has left the ring"
    assert not ring.contradicts({position(7): 999}), "it was not read yet"


def test_an_unknown_time_is_no_contradiction() -> None:
    """Another program wrote the entry, or deleted an event and left a hole."""
    ring = make_ring([event(1)._replace(at=101), event(2)])
    assert not ring.contradicts({position(1): 0, position(2): 999})
