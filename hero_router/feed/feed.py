"""All of a worker's feed, put together: the tail, what it fills, and the clients that listen."""

import asyncio
import math
from collections.abc import Callable, Mapping

from hero_router.feed.control import Herald
from hero_router.feed.doubts import Doubts
from hero_router.feed.flush import Pace
from hero_router.feed.freshness import Proof, system_ms
from hero_router.feed.hub import SLICE_BYTES, Hub
from hero_router.feed.mirror import Mirror
from hero_router.feed.nodes import Watch
from hero_router.feed.rescan import Scans
from hero_router.feed.ring import Ring
from hero_router.feed.tail import Tail
from hero_router.feed.timing import TICK, Times
from hero_router.feed.watchdog import Sentry
from hero_router.store.stream import Nodes, Stream


class Feed:
    """A worker's view of the world.

    `window` is in events; `flush` is the longest time in seconds that events are joined for;
    `greeting` goes into each hello; `now_ms` is Redis's clock in Unix milliseconds.
    """

    def __init__(
        self,
        stream: Stream,
        nodes: Nodes,
        *,
        window: int,
        times: Times,
        flush: float,
        greeting: Callable[[], Mapping[str, object]],
        now_ms: Callable[[], int] = system_ms,
    ) -> None:
        self.mirror, self.scans, self.doubts = Mirror(), Scans(), Doubts(now_ms)
        self.proof = Proof(now_ms)
        self.ring = Ring(window, SLICE_BYTES)
        self.pace = Pace(flush)
        herald = Herald(self.ring, times, self.proof, greeting)
        self.hub = Hub(self.ring, herald, times, self.pace)
        self.tail = Tail(
            stream, self.mirror, self.ring, self.hub, self.doubts, self.scans, self.proof
        )
        sentry = Sentry(nodes, self.ring, self.tail, self.doubts)
        self.watch = Watch(nodes, self.mirror, self.doubts, also=sentry.look)
        self.doubts.changed = self._doubts_changed
        self.closing = self.broken = False

    async def run(self) -> None:
        """Follow, watch and tick until cancelled; an unforeseen error of any of them ends all."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.tail.run(), name="tail")
                tasks.create_task(self.watch.run(), name="watch")
                tasks.create_task(self._tick(), name="tick")
        except Exception:
            self.broken = True
            raise

    @property
    def able(self) -> bool:
        """Whether this worker can tell the truth now: it follows the stream, and does not end."""
        return self.tail.warm and self.doubts.blinding is None and not self.closing

    def close(self, over: float = 0.0) -> None:
        """The worker ends: not ready any more, and every stream ends within so many seconds."""
        self.closing = True
        self.hub.close(over)

    async def closed(self, seconds: float) -> None:
        """Wait until the last client has been told to go, for so long at most."""
        for _ in range(math.ceil(seconds / TICK)):
            if self.hub.clients:
                await asyncio.sleep(TICK)

    def _doubts_changed(self) -> None:
        self.mirror.revision += 1
        self.hub.doubt(self.doubts.current)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self.hub.tick()
