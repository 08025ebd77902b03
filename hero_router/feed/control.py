"""What clients are told beside events: hello, resync, ping, doubts and farewell."""

import logging
import random
from collections.abc import Callable, Mapping

from hero_router import sse
from hero_router.feed.conditions import NONE, ConditionMap, transition_frames
from hero_router.feed.freshness import Freshness, Stamp
from hero_router.feed.ring import Ring
from hero_router.feed.subscribers import Subscriber
from hero_router.feed.timing import StreamTiming
from hero_router.position import Position

log = logging.getLogger(__name__)


class ControlFrames:
    """Makes the frames for one client, and notes what it was told; moves no cursor, sends nothing.

    `greeting` makes the rest of each hello; `chance` is uniform in [0, 1). Many clients are told
    the same at the same time: the last ping and the last news are kept.
    """

    def __init__(
        self,
        ring: Ring,
        times: StreamTiming,
        proof: Freshness,
        hello_fields: Callable[[], Mapping[str, object]],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._ring, self._times, self._proof, self._greeting = ring, times, proof, hello_fields
        self.jitter = chance
        self.conditions: ConditionMap = NONE
        self._ping: tuple[Position | None, Stamp, bytes] = None, {}, b""
        self._news: tuple[ConditionMap, ConditionMap, Stamp, bytes] = NONE, NONE, {}, b""

    def hello(self, client: Subscriber, place: Position | None) -> bytes:
        """Say hello; also anew when Redis is another process: snapshots are told apart by it.

        `place` is where the client stands. It is None where it cannot be said yet, or where a gap
        has to be told first: a client that was cut off in between would take it for its own. After
        a hello a client knows of no doubts.
        """
        client.run_id, client.sent_conditions = self._ring.run_id, NONE
        if place is not None:
            client.last_event_id = place
        cursor = None if place is None else str(place)
        now = self._proof.now_ms()
        data = {"cursor": cursor, "store": client.run_id, "now": now, **self._greeting()}
        retry_ms = self._times.retry_ms(self.jitter())
        return sse.frame("hello", data, position=place, retry_ms=retry_ms)

    def changes(self, client: Subscriber) -> bytes:
        """Tell what is new of Redis and of the doubts since the client was last told."""
        hello = b"" if client.run_id == self._ring.run_id else self.hello(client, client.cursor)
        told, client.sent_conditions = client.sent_conditions, self.conditions
        return hello if told is self.conditions else hello + self._frames(told)

    def _frames(self, told: ConditionMap) -> bytes:
        now, stamp = self.conditions, self._proof.stamp()
        if self._news[0] is not told or self._news[1] is not now or self._news[2] is not stamp:
            self._news = told, now, stamp, transition_frames(told, now, stamp)
        return self._news[3]

    def resync(self, client: Subscriber, dropped: int | None, reason: str, crowd: int) -> bytes:
        """Tell how many events the client missed (None: unknown) before those after its cursor.

        `crowd` is how many clients there are: they fetch the state one after the other.
        """
        after_ms = self._times.after_ms(crowd, self.jitter())
        store = self._ring.run_id
        data = {"dropped": dropped, "reason": reason, "after_ms": after_ms, "store": store}
        data |= self._proof.stamp()
        client.last_event_id, client.run_id = client.cursor, store
        missed = "an unknown number of" if dropped is None else dropped
        log.warning("client %s missed %s events (%s): resync sent", client.name, missed, reason)
        return sse.frame("resync", data, position=client.cursor)

    def ping(self, client: Subscriber) -> bytes:
        """Say that the client has everything up to its cursor."""
        client.last_event_id = client.cursor
        return self._ping_at(client.cursor)

    def bare_ping(self) -> bytes:
        """Say no more than that the stream is alive: a position would take the client back."""
        return self._ping_at(None)

    def _ping_at(self, place: Position | None) -> bytes:
        stamp = self._proof.stamp()
        if self._ping[0] != place or self._ping[1] is not stamp:
            self._ping = place, stamp, sse.frame("ping", stamp, position=place)
        return self._ping[2]

    def retry(self) -> bytes:
        """Tell a client its own time to come back, as its stream ends."""
        return sse.retry(self._times.return_ms(self.jitter()))
