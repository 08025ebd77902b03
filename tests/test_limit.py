"""The tests' own time limit: whatever hangs or loops fails, and the run goes on."""

import asyncio
import signal
import time
from collections.abc import Callable

import pytest

from tests.support.limit import limited
from tests.support.wait import PATIENCE_SECONDS

SHORT = 0.1


def loop_for_ever() -> None:
    while True:
        pass


def wait_for_ever() -> None:
    time.sleep(600)


def await_for_ever() -> None:
    asyncio.run(asyncio.sleep(600))


@pytest.mark.parametrize("work", [loop_for_ever, wait_for_ever, await_for_ever])
def test_what_does_not_end_is_failed(work: Callable[[], None]) -> None:
    began = time.monotonic()
    with pytest.raises(pytest.fail.Exception, match=r"longer than 0\.1 s"), limited(SHORT):
        work()
    assert time.monotonic() - began < PATIENCE_SECONDS


def test_what_ends_in_time_leaves_no_alarm_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with limited(60):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) is before


def test_each_test_runs_under_a_limit() -> None:
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
