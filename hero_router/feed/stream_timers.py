"""Sends due pings, and ends streams that are stalled, too old, or to be closed at shutdown."""

import logging
from collections.abc import Callable

from hero_router.feed.conditions import BLINDING
from hero_router.feed.control_frames import ControlFrames
from hero_router.feed.event_sender import EventSender
from hero_router.feed.resume import Gap
from hero_router.feed.ring import Ring
from hero_router.feed.stream_timing import StreamTiming
from hero_router.feed.subscribers import Subscriber, SubscriberState

log = logging.getLogger(__name__)

AHEAD_SECONDS = 2.0
"""How long a cursor may be ahead of this worker before its position counts as unknown."""

PENDING, LIVE, BLOCKED, AHEAD, _ = SubscriberState
OPEN = LIVE, PENDING, AHEAD, BLOCKED


class StreamTimers:
    """Checks the time limits of all streams of one worker. `clock` gives monotonic seconds."""

    def __init__(
        self,
        ring: Ring,
        sender: EventSender,
        control: ControlFrames,
        timing: StreamTiming,
        clock: Callable[[], float],
    ) -> None:
        self._ring, self._sender, self._control = ring, sender, control
        self.timing, self._clock = timing, clock
        self._subscribers = sender.subscribers
        self._next_ping = clock() + timing.ping_seconds
        self._current_at = clock()
        self._close_at: float | None = None

    def mark_current(self) -> None:
        """Note that Redis has just confirmed that the ring has the stream's newest event."""
        self._current_at = self._clock()

    def expires_at(self) -> float:
        """When a stream that begins now will be too old."""
        return self.timing.expires_at(self._clock(), self._control.jitter())

    def ping_due(self) -> bool:
        """Whether the next `ping` to all clients is due; true once in each interval."""
        now = self._clock()
        if now < self._next_ping:
            return False
        self._next_ping = now + self.timing.ping_seconds
        return True

    def ping_all(self) -> None:
        """Send a `ping` to every client that takes bytes; with its position if it is LIVE."""
        for subscriber in self._subscribers.in_state(LIVE):
            self.ping(subscriber)
        for subscriber in self._subscribers.in_state(AHEAD, PENDING):
            if not subscriber.sink.buffered():
                self._sender.write(subscriber, self._control.bare_ping())

    def ping(self, subscriber: Subscriber) -> None:
        """Send one client a `ping` with its position."""
        self._sender.write(subscriber, self._control.ping(subscriber))

    def end_overdue(self) -> None:
        """End stalled, too old and closing streams, and waits of AHEAD subscribers."""
        now = self._clock()
        for subscriber in self._subscribers.in_state(BLOCKED):
            self._check_progress(subscriber, now)
        for subscriber in self._subscribers.in_state(AHEAD):
            self._check_ahead(subscriber, now)
        if self.timing.max_age_seconds:
            for subscriber in self._subscribers.in_state(*OPEN):
                if now >= subscriber.expires_at:
                    self.end(subscriber, "aged")
        if self._close_at is not None:
            self._end_some(self._close_at - now)

    def close(self, seconds: float) -> None:
        """End every stream, spread over `seconds`."""
        self._close_at = self._clock() + seconds
        self._end_some(seconds)

    def end(self, subscriber: Subscriber, cause: str) -> None:
        """End one stream, and send the client a reconnect delay of its own.

        A BLOCKED client could not read the delay: its connection is closed at once.
        """
        blocked = subscriber.state is BLOCKED
        self._sender.remove(subscriber, cause)
        if blocked:
            subscriber.sink.abort()
        else:
            subscriber.sink.write(self._control.retry())
            subscriber.sink.close()

    def _end_some(self, seconds: float) -> None:
        number = self.timing.drain_count(len(self._subscribers), seconds)
        for subscriber in self._subscribers.in_state(*OPEN)[:number]:
            self.end(subscriber, "shutdown")

    def _check_progress(self, subscriber: Subscriber, now: float) -> None:
        buffered, idle = subscriber.sink.buffered(), now - subscriber.state_since
        if buffered != subscriber.buffered:
            subscriber.state_since, subscriber.buffered = now, buffered
        elif idle >= self.timing.stall_seconds:
            log.warning(
                "disconnected the client %s: it has read nothing of its event stream for %g s",
                subscriber.name,
                idle,
            )
            self._sender.remove(subscriber, "stalled")
            subscriber.sink.abort()

    def _check_ahead(self, subscriber: Subscriber, now: float) -> None:
        """End a wait that is too long, if Redis has confirmed the newest position since."""
        waited = now - subscriber.state_since
        if any(condition.reason in BLINDING for condition in self._control.conditions):
            subscriber.state_since = now
        elif waited >= AHEAD_SECONDS and self._current_at > subscriber.state_since:
            subscriber.cursor = self._ring.start
            self._sender.send_resync(subscriber, Gap(None), "unknown_position")
            self._sender.catch_up(subscriber)
