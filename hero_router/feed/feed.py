"""All of a worker's feed, put together: the tail, what it fills, and the clients that listen."""

import asyncio
import math
from collections.abc import Callable, Mapping

from hero_router.feed.control import ControlFrames
from hero_router.feed.doubts import Conditions
from hero_router.feed.flush import FlushScheduler
from hero_router.feed.freshness import Freshness, system_ms
from hero_router.feed.hub import SLICE_BYTES, Hub
from hero_router.feed.mirror import Mirror
from hero_router.feed.nodes import NodeMonitor
from hero_router.feed.rescan import ScanReplies
from hero_router.feed.ring import Ring
from hero_router.feed.tail import Tail
from hero_router.feed.timing import TICK, StreamTiming
from hero_router.feed.watchdog import TailWatchdog
from hero_router.store.stream import NodeReader, Stream


class Feed:
    """A worker's view of the world.

    `window` is in events; `flush` is the longest time in seconds that events are joined for;
    `greeting` goes into each hello; `now_ms` is Redis's clock in Unix milliseconds.
    """

    def __init__(
        self,
        stream: Stream,
        nodes: NodeReader,
        *,
        window: int,
        times: StreamTiming,
        flush: float,
        hello_fields: Callable[[], Mapping[str, object]],
        now_ms: Callable[[], int] = system_ms,
    ) -> None:
        self.mirror, self.scans, self.conditions = Mirror(), ScanReplies(), Conditions(now_ms)
        self.freshness = Freshness(now_ms)
        self.ring = Ring(window, SLICE_BYTES)
        self.flusher = FlushScheduler(flush)
        herald = ControlFrames(self.ring, times, self.freshness, hello_fields)
        self.hub = Hub(self.ring, herald, times, self.flusher)
        self.tail = Tail(
            stream, self.mirror, self.ring, self.hub, self.conditions, self.scans, self.freshness
        )
        sentry = TailWatchdog(nodes, self.ring, self.tail, self.conditions)
        self.watch = NodeMonitor(nodes, self.mirror, self.conditions, also=sentry.check)
        self.conditions.on_change = self._doubts_changed
        self.draining = self.failed = False

    async def run(self) -> None:
        """Follow, watch and tick until cancelled; an unforeseen error of any of them ends all."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.tail.run(), name="tail")
                tasks.create_task(self.watch.run(), name="watch")
                tasks.create_task(self._tick(), name="tick")
        except Exception:
            self.failed = True
            raise

    @property
    def ready(self) -> bool:
        """Whether this worker can tell the truth now: it follows the stream, and does not end."""
        return self.tail.synced and self.conditions.blinding is None and not self.draining

    def status(self) -> dict[str, object]:
        """Whether this worker is ready, why not, and where it stands; served by `/ready`."""
        return {
            "ready": self.ready,
            "reason": "" if self.ready else self._why_not_ready(),
            "cursor": str(self.ring.head),
            "window": len(self.ring.positions),
            "clients": len(self.hub.clients),
            "stale": [item.to_json() for item in self.conditions.current.values()],
        }

    def _why_not_ready(self) -> str:
        if self.draining:
            return "shutting down"
        blinding = self.conditions.blinding
        return blinding.detail if blinding else "not yet read from Redis"

    def drain(self, over: float = 0.0) -> None:
        """The worker ends: not ready any more, and every stream ends within so many seconds."""
        self.draining = True
        self.hub.close(over)

    async def wait_drained(self, seconds: float) -> None:
        """Wait until the last client has been told to go, for so long at most."""
        for _ in range(math.ceil(seconds / TICK)):
            if self.hub.clients:
                await asyncio.sleep(TICK)

    def _doubts_changed(self) -> None:
        self.mirror.revision += 1
        self.hub.send_conditions(self.conditions.current)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.hub.tick()
