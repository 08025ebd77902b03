"""Makes the control frames of an event stream: hello, resync, ping, stale, fresh, mutes, retry."""

import logging
import random
from collections.abc import Callable, Mapping

from hero_router import sse
from hero_router.feed.conditions import Condition, transition_frames
from hero_router.feed.filters import Filter, shows
from hero_router.feed.freshness_stamp import Freshness, Stamp
from hero_router.feed.ring import Ring
from hero_router.feed.stream_timing import StreamTiming
from hero_router.feed.subscribers import MuteMap, Subscriber
from hero_router.feed.visible_conditions import VisibleConditions
from hero_router.position import Position

log = logging.getLogger(__name__)

_Change = tuple[tuple[Condition, ...], tuple[Condition, ...], bytes]
"""The conditions before and after a change, and its frames."""


class ControlFrames:
    """Makes control frames, and notes in the subscriber what they contain. Sends nothing.

    `hello_fields` gives the further fields of each `hello`, `jitter` a random number in [0, 1).
    `told` selects the conditions that a client may know of. Many subscribers get the same frames at
    the same time, so the last `ping` is kept, and for each filter for what clients may see the last
    change of conditions.
    """

    def __init__(
        self,
        ring: Ring,
        timing: StreamTiming,
        freshness: Freshness,
        told: VisibleConditions,
        hello_fields: Callable[[], Mapping[str, object]],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._ring, self._timing, self._freshness = ring, timing, freshness
        self._told, self._hello_fields, self.jitter = told, hello_fields, jitter
        self.conditions: tuple[Condition, ...] = ()
        self.mutes: tuple[MuteMap, ...] = ()
        self._last_ping: tuple[Position | None, Stamp, bytes] = None, {}, b""
        self._changed_at: Stamp = {}
        self._last_changes: dict[Filter | None, _Change] = {}

    def hello(self, subscriber: Subscriber, position: Position | None) -> bytes:
        """The `hello` frame: for a new stream, or after Redis was replaced by another process.

        After a `hello` a client knows of no conditions and no muted services. `position` is None
        while it is unknown, or if a `resync` follows. With an id in the `hello`, a client that
        disconnects before the `resync` would resume after events that it never received. A client
        with a filter is told so: in its stream the positions of hidden events are missing.
        """
        subscriber.run_id, subscriber.sent_conditions = self._ring.run_id, ()
        subscriber.sent_mutes = ()
        if position is not None:
            subscriber.last_event_id = position
        cursor, now = None if position is None else str(position), self._freshness.now_ms()
        filtered = {} if subscriber.options.filter is None else {"filtered": True}
        told = {"cursor": cursor, "run_id": subscriber.run_id, "now": now, **filtered}
        fields = {**told, **self._hello_fields()}
        retry_ms = self._timing.retry_ms(self.jitter())
        return sse.frame("hello", fields, position=position, retry_ms=retry_ms)

    def changes(self, subscriber: Subscriber) -> bytes:
        """Frames for a new Redis process, changed conditions or mutes; empty without a change."""
        known, new_run = subscriber.run_id, self._ring.run_id
        frames = b"" if known == new_run else self.hello(subscriber, subscriber.cursor)
        shown, sent = subscriber.options.shown, subscriber.sent_conditions
        now = subscriber.sent_conditions = self._told.of(self.conditions, shown)
        if sent is not now:
            frames += self._transition(sent, now, shown)
        told, subscriber.sent_mutes = subscriber.sent_mutes, self.mutes
        return frames if told is self.mutes else frames + self._mutes(subscriber.options.filter)

    def _mutes(self, wanted: Filter | None) -> bytes:
        """The `mutes` frame: all muted services that a client's filter shows."""
        shown = [mute for mute in self.mutes if shows(wanted, mute)]
        return sse.frame("mutes", {"mutes": shown, **self._freshness.stamp()})

    def _transition(
        self, sent: tuple[Condition, ...], now: tuple[Condition, ...], shown: Filter | None
    ) -> bytes:
        stamp = self._freshness.stamp()
        if self._changed_at is not stamp:
            self._changed_at, self._last_changes = stamp, {}
        last = self._last_changes.get(shown)
        if last is None or last[0] is not sent or last[1] is not now:
            last = self._last_changes[shown] = sent, now, transition_frames(sent, now, stamp)
        return last[2]

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
        log.warning(
            "the client %s missed %s events (%s): it was told to load the state again",
            subscriber.name,
            missed,
            reason,
        )
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
