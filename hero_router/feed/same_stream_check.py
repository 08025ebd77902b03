"""Decides whether the tail (the task that reads events) and a second connection read one stream.

Pure: no I/O, no clock.
"""

from typing import NamedTuple

from hero_router.position import Position

LASTING_SECONDS = 3.0
"""A difference that lasts for this time is no delay. A tail that is only busy has read up to the
other position by then: both connections share one event loop."""

STEP_SECONDS = 2.0
"""Maximum number of seconds that one comparison adds: a worker that was suspended compared nothing
meanwhile."""


class StreamHead(NamedTuple):
    """The first digits of a Redis process's `run_id`, and the newest position of its stream."""

    run_id: str
    head: Position


class SameStreamCheck:
    """Measures for how long the tail and a second connection have seen different streams.

    Both positions grow between two comparisons. So the first pair that differs is remembered. The
    two agree once each has reached the position that the other one had then.
    """

    def __init__(self) -> None:
        self._marks: tuple[StreamHead, StreamHead] | None = None
        self._compared_at = self._differ_for = 0.0

    def observe(self, served: StreamHead, seen: StreamHead, now: float) -> bool:
        """Compare the position that the tail serves with the one that the other connection sees.

        `now` is monotonic seconds. Returns False while the two may differ.
        """
        step, self._compared_at = min(now - self._compared_at, STEP_SECONDS), now
        if self._marks is None or self._is_new(self._marks, served, seen):
            self._marks, self._differ_for = (served, seen), 0.0
            return served == seen
        served_then, seen_then = self._marks
        if served == seen or (
            served.run_id == seen.run_id
            and served.head >= seen_then.head
            and seen.head >= served_then.head
        ):
            self._marks, self._differ_for = (served, seen), 0.0
            return True
        self._differ_for += step
        return False

    @staticmethod
    def _is_new(marks: tuple[StreamHead, StreamHead], served: StreamHead, seen: StreamHead) -> bool:
        """Whether the remembered pair is out of date: one of the two moved to another stream."""
        served_then, seen_then = marks
        together = served.run_id == seen.run_id
        return together != (served_then.run_id == seen_then.run_id) or (
            served.head < served_then.head
        )

    @property
    def trouble(self) -> str:
        """The difference in words; "" until it has lasted for `LASTING_SECONDS`."""
        if self._marks is None or self._differ_for < LASTING_SECONDS:
            return ""
        served, seen = self._marks
        if served.run_id != seen.run_id:
            return (
                f"this worker follows Redis process {served.run_id} at {served.head}, but the one "
                f"that answers now is {seen.run_id} at {seen.head}"
            )
        return f"this worker has read no event after {served.head}, but Redis is at {seen.head}"

    def forget(self) -> None:
        """Begin to measure again, for example when the tail restarts."""
        self._marks = None
