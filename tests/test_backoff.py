"""Back-off: waits grow up to a bound, differ by chance, and begin anew after a success."""

from itertools import pairwise

import pytest

from hero_router.backoff import Backoff


def waits(backoff: Backoff, number: int) -> list[float]:
    return [backoff.failed() for _ in range(number)]


def test_each_wait_is_twice_the_one_before_up_to_the_longest() -> None:
    found = waits(Backoff(0.1, 3.0, lambda: 1.0), 20)
    assert found[0] == 0.1
    assert all(second in {2 * first, 3.0} for first, second in pairwise(found))
    assert found[-1] == 3.0


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, 0.05), (0.5, 0.075)])
def test_jitter_shortens_a_wait_by_up_to_half(jitter: float, wait: float) -> None:
    assert Backoff(0.1, 3.0, lambda: jitter).failed() == pytest.approx(wait)


def test_after_a_success_the_first_wait_is_short_again() -> None:
    backoff = Backoff(0.1, 3.0, lambda: 1.0)
    waits(backoff, 5)
    assert backoff.failures == 5
    backoff.reset()
    assert (backoff.failures, backoff.failed()) == (0, 0.1)


def test_failures_without_end_do_not_overflow() -> None:
    """After a thousand failures, which is less than an hour, the power would be no float."""
    assert waits(Backoff(0.1, 3.0, lambda: 1.0), 2_000)[-1] == 3.0
