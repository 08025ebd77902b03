"""A time limit for each test: one that hangs or loops fails, and the run goes on.

The kernel's alarm interrupts Python code and blocking calls alike. Code of a library that never
comes back to Python is ended by `faulthandler_timeout` in pyproject.toml, with the whole run.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

SECONDS = 180.0
"""For each phase of a test (setup, call, teardown); `@pytest.mark.limit(seconds)` sets another."""

AGAIN_SECONDS = 5.0
"""The alarm comes again: something may have caught the first one."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Fail the test if the block takes longer. Only in the main thread, where tests run."""

    def over(_: int, __: FrameType | None) -> None:
        pytest.fail(f"this test took longer than {seconds:g} s", pytrace=True)

    before = signal.signal(signal.SIGALRM, over)
    try:
        # Inside, as the alarm of a short limit may come at once: it must not be left behind.
        signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
