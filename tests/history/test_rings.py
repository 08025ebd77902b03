"""Where a bucket of the history is stored: as it is in Redis for good."""

import pytest

from hero_router.history.rings import DAYS, HOURS, MINUTE_MS, MINUTES, RINGS, Ring, minute_of


def test_the_rings_are_those_that_are_stored() -> None:
    assert [(ring.name, ring.size, ring.minutes, ring.width) for ring in RINGS] == [
        ("minutes", 1440, 1, 2), ("hours", 720, 60, 4), ("days", 365, 1440, 6),
    ]  # fmt: skip
    assert [ring.blank for ring in RINGS] == ["--", "00--", "0000--"]


def test_a_minute_begins_with_its_first_millisecond() -> None:
    assert MINUTE_MS == 60_000
    assert [minute_of(at) for at in (0, 59_999, 60_000)] == [0, 0, 1]


def test_a_bucket_is_numbered_by_the_time_since_1970() -> None:
    assert [HOURS.number(minute) for minute in (59, 60, 119, 120)] == [0, 1, 1, 2]
    assert [DAYS.number(minute) for minute in (1439, 1440)] == [0, 1]
    assert MINUTES.number(7) == 7


@pytest.mark.parametrize(
    ("first", "count", "pieces"),
    [
        (3, 4, [(3, 0, 4)]),
        (23, 4, [(3, 0, 4)]),
        (6, 4, [(6, 0, 4)]),
        (7, 4, [(7, 0, 3), (0, 3, 4)]),
        (9, 10, [(9, 0, 1), (0, 1, 10)]),
        (10, 10, [(0, 0, 10)]),
    ],
)
def test_buckets_are_one_piece_or_two_where_the_ring_begins_anew(
    first: int, count: int, pieces: list[tuple[int, int, int]]
) -> None:
    assert list(Ring("ring", 10, 1, "-").pieces(first, count)) == pieces
