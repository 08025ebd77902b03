"""Makes the control frames of an event stream: hello, resync, ping, stale, fresh and retry."""

import logging
import random
from collections.abc import Callable, Mapping

from hero_router import sse
from hero_router.feed.conditions import Condition, transition_frames
from hero_router.feed.freshness import Freshness, Stamp
from hero_router.feed.ring import Ring
from hero_router.feed.stream_intervals import StreamIntervals
from hero_router.feed.subscribers import Subscriber
from hero_router.position import Position

log = logging.getLogger(__name__)


class ControlFrames:
    """Makes control frames, and notes in the subscriber what each frame reports. Sends nothing.

    `hello_fields` gives the further fields of each `hello`, `jitter` a random number in [0, 1).
    Many subscribers get the same frames at the same time, so the last `ping` and the last change of
    conditions are kept.
    """

    def __init__(
        self,
        ring: Ring,
        timing: StreamIntervals,
        freshness: Freshness,
        hello_fields: Callable[[], Mapping[str, object]],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._ring, self._timing, self._freshness = ring, timing, freshness
        self._hello_fields, self.jitter = hello_fields, jitter
        self.conditions: tuple[Condition, ...] = ()
        self._last_ping: tuple[Position | None, Stamp, bytes] = None, {}, b""
        self._last_change: tuple[tuple[Condition, ...], tuple[Condition, ...], Stamp, bytes] = (
            (), (), {}, b"",
        )  # fmt: skip

    def hello(self, subscriber: Subscriber, position: Position | None) -> bytes:
        """The `hello` frame: for a new stream, or after Redis was replaced by another process.

        After a `hello` a client knows of no conditions. `position` is None while it is unknown, or
        if a `resync` follows. With an id in the `hello`, a client that disconnects before the
        `resync` would resume after events that it never received.
        """
        subscriber.run_id, subscriber.sent_conditions = self._ring.run_id, ()
        if position is not None:
            subscriber.last_event_id = position
        cursor, now = None if position is None else str(position), self._freshness.now_ms()
        fields = {"cursor": cursor, "run_id": subscriber.run_id, "now": now, **self._hello_fields()}
        retry_ms = self._timing.retry_ms(self.jitter())
        return sse.frame("hello", fields, position=position, retry_ms=retry_ms)

    def changes(self, subscriber: Subscriber) -> bytes:
        """Frames for a new Redis process and changed conditions; empty if nothing has changed."""
        known, new_run = subscriber.run_id, self._ring.run_id
        hello = b"" if known == new_run else self.hello(subscriber, subscriber.cursor)
        sent, subscriber.sent_conditions = subscriber.sent_conditions, self.conditions
        return hello if sent is self.conditions else hello + self._transition(sent)

    def _transition(self, sent: tuple[Condition, ...]) -> bytes:
        now, stamp, last = self.conditions, self._freshness.stamp(), self._last_change
        if last[0] is not sent or last[1] is not now or last[2] is not stamp:
            last = self._last_change = sent, now, stamp, transition_frames(sent, now, stamp)
        return last[3]

    def resync(
        self, subscriber: Subscriber, dropped: int | None, reason: str, subscribers: int
    ) -> bytes:
        """The `resync` frame: how many events the client missed up to its cursor (None: unknown).

        `subscribers` is the number of all subscribers: the more there are, the longer is the time
        over which they spread their requests for the state.
        """
        subscriber.last_event_id, subscriber.run_id = subscriber.cursor, self._ring.run_id
        fields = {
            "dropped": dropped,
            "reason": reason,
            "after_ms": self._timing.after_ms(subscribers, self.jitter()),
            "run_id": subscriber.run_id,
            **self._freshness.stamp(),
        }
        missed = "an unknown number of" if dropped is None else dropped
        log.warning("client %s missed %s events (%s): resync sent", subscriber.name, missed, reason)
        return sse.frame("resync", fields, position=subscriber.cursor)

    def ping(self, subscriber: Subscriber) -> bytes:
        """The `ping` frame of a client that has been sent all events up to its cursor."""
        subscriber.last_event_id = subscriber.cursor
        return self._ping_at(subscriber.cursor)

    def bare_ping(self) -> bytes:
        """A `ping` frame without a position, for a client that is not LIVE.

        With this worker's position the client would resume too early.
        """
        return self._ping_at(None)

    def _ping_at(self, position: Position | None) -> bytes:
        stamp, last = self._freshness.stamp(), self._last_ping
        if last[0] != position or last[1] is not stamp:
            frame = sse.frame("ping", stamp, position=position)
            last = self._last_ping = position, stamp, frame
        return last[2]

    def retry(self) -> bytes:
        """The last frame of a stream: it sets the client's reconnect delay."""
        return sse.retry(self._timing.return_ms(self.jitter()))
