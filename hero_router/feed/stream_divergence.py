"""Decides whether the tail and a second connection follow the same stream. Pure values."""

from typing import NamedTuple

from hero_router.position import Position

LASTING_SECONDS = 3.0
"""A difference of this time is no delay. A tail that is only busy has taken any one head by then:
it reads on as soon as it has handed over what it has, and both connections share one event loop."""

STEP_SECONDS = 2.0
"""Most that one comparison counts for: a worker that was asleep saw nothing meanwhile."""


class StreamHead(NamedTuple):
    """The first digits of a Redis process's `run_id`, and the head of its stream."""

    run_id: str
    head: Position


class Divergence:
    """Compares what is served with what is seen, and measures how long they differ.

    Heads move between two comparisons. So both are remembered where they first differed. The two
    agree once each has reached the head that the other one had then.
    """

    def __init__(self) -> None:
        self._marks: tuple[StreamHead, StreamHead] | None = None
        self._compared_at = self._differ_for = 0.0

    def observe(self, served: StreamHead, seen: StreamHead, now: float) -> bool:
        """Compare once; `now` is monotonic seconds. False while the two may differ."""
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
        """Whether the remembered heads mean nothing now: one of the two moved to another stream."""
        served_then, seen_then = marks
        together = served.run_id == seen.run_id
        return together != (served_then.run_id == seen_then.run_id) or (
            served.head < served_then.head
        )

    @property
    def trouble(self) -> str:
        """The lasting difference in words; empty while it may be a delay."""
        if self._marks is None or self._differ_for < LASTING_SECONDS:
            return ""
        served, seen = self._marks
        if served.run_id != seen.run_id:
            return (
                f"this worker follows Redis process {served.run_id} at {served.head}, but the one "
                f"that answers now is {seen.run_id} at {seen.head}"
            )
        return f"this worker stands still at {served.head}, but Redis is at {seen.head}"

    def forget(self) -> None:
        """Begin anew: what is served is being read again, or cannot be read."""
        self._marks = None
