"""Whether the tail and a second connection see the same stream: plain values in, a verdict out."""

from typing import NamedTuple

from hero_router.position import Position

LASTING_SECONDS = 3.0
"""A difference of so long is no delay. A tail that is only busy has taken any one head by then: it
reads on as soon as it has handed over what it has, and both connections share one event loop."""

STEP_SECONDS = 2.0
"""Most that one look counts for: a worker that was asleep saw nothing meanwhile."""


class StreamHead(NamedTuple):
    """A Redis process, by the digits of its `run_id` that clients are told, and a stream's head."""

    store: str
    head: Position


class Divergence:
    """Compares at each look what is served with what is seen, and knows how long they differ.

    Heads move between two looks. So both are remembered where they first differed, and the two
    agree once each has reached what the other one had then.
    """

    def __init__(self) -> None:
        self._marks: tuple[StreamHead, StreamHead] | None = None
        self._looked_at = self._differ_for = 0.0

    def observe(self, served: StreamHead, seen: StreamHead, now: float) -> bool:
        """Take the next look; `now` is monotonic seconds. False while they may differ."""
        step, self._looked_at = min(now - self._looked_at, STEP_SECONDS), now
        if self._marks is None or self._is_new(self._marks, served, seen):
            self._marks, self._differ_for = (served, seen), 0.0
            return served == seen
        served_then, seen_then = self._marks
        if served == seen or (
            served.store == seen.store
            and served.head >= seen_then.head
            and seen.head >= served_then.head
        ):
            self._marks, self._differ_for = (served, seen), 0.0
            return True
        self._differ_for += step
        return False

    @staticmethod
    def _is_new(marks: tuple[StreamHead, StreamHead], served: StreamHead, seen: StreamHead) -> bool:
        """Whether what is remembered says nothing any more: one of the two is elsewhere now."""
        served_then, seen_then = marks
        together = served.store == seen.store
        return together != (served_then.store == seen_then.store) or served.head < served_then.head

    @property
    def trouble(self) -> str:
        """What has differed for too long, in words; empty while that may be a delay."""
        if self._marks is None or self._differ_for < LASTING_SECONDS:
            return ""
        served, seen = self._marks
        if served.store != seen.store:
            return (
                f"this worker follows Redis process {served.store} at {served.head}, but the one "
                f"that answers now is {seen.store} at {seen.head}"
            )
        return f"this worker stands still at {served.head}, but Redis is at {seen.head}"

    def forget(self) -> None:
        """Begin anew: what is served is being read again, or cannot be."""
        self._marks, self._differ_for = None, 0.0
