"""What is lost, undelivered, doubled, out of order; and how long it took."""

import pytest

from benchmarks.load.delivery_check import STEP_NS, Verdict
from benchmarks.load.resource_usage import Latency
from benchmarks.load.wire import Reader
from benchmarks.load.workload_definitions import SCENARIOS
from hero_router.position import Position

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
SENT_AT = [1_000_000 * number for number in range(1, 6)]
"""Five events, each a millisecond after the one before."""


def frame(number: int) -> bytes:
    return SCENARIOS[0].frame(number, Position(7, number))


def judged(*numbers: int, more: bytes = b"") -> Verdict:
    """One client that read these, each two milliseconds after it was sent."""
    verdict = Verdict()
    pieces = [(SENT_AT[number - 1] + 2_000_000, frame(number)) for number in numbers]
    verdict.add(Reader(HEAD, {}), [*pieces, (9_000_000, more)], 1, SENT_AT)
    return verdict


def faults(verdict: Verdict) -> tuple[int, int, int, int]:
    return verdict.lost, verdict.undelivered, verdict.doubled, verdict.disordered


def test_all_in_order_is_no_fault() -> None:
    verdict = judged(1, 2, 3, 4, 5)
    assert (verdict.delivered, faults(verdict), verdict.inexact) == (5, (0, 0, 0, 0), 0)
    assert verdict.latency() == Latency(2.0, 2.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((1, 3, 4, 5), (1, 0, 0, 0)),
        ((2, 3, 4, 5), (1, 0, 0, 0)),
        ((1, 2, 3), (0, 2, 0, 0)),
        ((1, 3), (1, 2, 0, 0)),
        ((), (0, 5, 0, 0)),
        ((1, 2, 2, 3, 4, 5), (0, 0, 1, 0)),
        ((1, 3, 2, 4, 5), (0, 0, 0, 1)),
        ((1, 2, 3, 1, 2, 3, 4, 5), (0, 0, 3, 1)),
    ],
)
def test_each_fault_is_counted_as_what_it_is(
    numbers: tuple[int, ...], told: tuple[int, int, int, int]
) -> None:
    """Lost came never although later ones did; undelivered may have been on its way."""
    verdict = judged(*numbers)
    assert faults(verdict) == told
    assert verdict.delivered == len(numbers)


def test_a_client_that_was_told_exactly_what_it_missed_is_exact() -> None:
    resync = b'id: 7-2\nevent: resync\ndata: {"dropped":%d}\n\n'
    assert judged(3, 4, 5, more=resync % 2).inexact == 0
    assert judged(3, 4, 5, more=resync % 1).inexact == 1
    assert judged(3, 4, 5).inexact == 1


def test_events_of_another_run_do_not_count() -> None:
    verdict = Verdict()
    verdict.add(Reader(HEAD, {}), [(5_000_000, frame(1) + frame(2))], 2, SENT_AT[:1])
    assert (verdict.delivered, verdict.lost, verdict.undelivered) == (1, 0, 0)


def test_percentiles_are_those_of_all_deliveries() -> None:
    counted = {milliseconds * 1_000_000 // STEP_NS: 1 for milliseconds in range(1, 101)}
    assert Latency.of(counted, STEP_NS) == Latency(50.0, 90.0, 99.0, 100.0)


def test_percentiles_weigh_by_how_often_a_time_was_seen() -> None:
    assert Latency.of({100: 98, 5_000: 2}, STEP_NS) == Latency(1.0, 1.0, 50.0, 50.0)


def test_percentiles_of_nothing_are_zero() -> None:
    assert Latency.of({}, STEP_NS) == Latency(0.0, 0.0, 0.0, 0.0)
