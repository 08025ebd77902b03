"""The digits beside the letters: latencies within 13 per cent, exact counts, and junk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hero_router.history.base62 import (
    DIGITS,
    latency_code,
    latency_ms,
    median_and_p95,
    number,
    percentile,
    total,
)
from hero_router.history.folding import Cells, fold_hours, fold_minutes


@given(st.floats(0.1, 12_000))
def test_a_latency_is_kept_within_13_per_cent_and_two_figures(ms: float) -> None:
    found = latency_ms(latency_code(ms))
    assert found is not None
    assert abs(found / ms - 1) < 0.13
    assert float(f"{found:.2g}") == found


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_digits_of_latencies_have_the_order_of_latencies(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert latency_code(low) <= latency_code(high)


def test_a_latency_has_two_figures_and_the_first_and_the_last_digit_are_open() -> None:
    assert latency_ms(latency_code(1.5)) == 1.5
    assert (latency_code(0), latency_code(0.09), latency_code(0.12)) == ("0", "0", "1")
    assert latency_ms(latency_code(1e9)) == latency_ms("z") == 12_000


@pytest.mark.parametrize("code", ["-", "", "?", "\0", "é"])
def test_what_is_no_digit_is_no_latency(code: str) -> None:
    assert latency_ms(code) is None


@given(st.lists(st.integers(0, 1440), max_size=40))
def test_the_sum_of_numbers_is_exact_whatever_stands_beside_them(numbers: list[int]) -> None:
    text = "".join(f"x{number(each, 2)}-" for each in numbers)
    assert total(text, 1, 2, 4) == sum(numbers)


def test_junk_counts_as_nothing() -> None:
    assert total("?\0é-", 0, 1, 1) == 0


@given(st.lists(st.sampled_from(DIGITS), min_size=1, max_size=60))
def test_percentiles_are_those_of_the_nearest_rank(codes: list[str]) -> None:
    text, ordered = "-" + "".join(codes), sorted(codes)
    both = median_and_p95(text, text)
    median, p95 = both[0], both[1]
    assert sum(each <= median for each in ordered) >= len(codes) / 2
    assert sum(each < median for each in ordered) < len(codes) / 2
    assert sum(each < p95 for each in ordered) < 0.95 * len(codes)
    assert percentile("", 0.5) == percentile("--", 0.5) == "-"


def test_the_p95_of_few_parts_is_the_highest_and_that_of_an_hour_tells_its_peaks() -> None:
    """As docs/api.md says: an hour of quick probes with a slow one in each fifth minute."""
    quick, slow = "1" * 11, "9"
    minutes = [quick + (slow if at % 5 == 0 else "1") for at in range(60)]
    peaks = "".join(median_and_p95(each, each)[1] for each in minutes)
    assert peaks == "91111" * 12
    assert median_and_p95(peaks, peaks) == "19"
    assert percentile("".join(minutes), 0.95) == "1"


def test_an_hour_and_a_day_count_the_minutes_of_their_parts() -> None:
    hour = fold_minutes(Cells("hhdu?l-?", "12" * 8))
    assert hour == ("u", "3412")
    day = fold_hours(Cells("uh", hour.figures + number(60, 1) * 2 + "99"))
    assert day == ("u", number(63, 2) + number(64, 2) + "19")
