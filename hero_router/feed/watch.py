"""Watches the nodes' leases, so that a dead scanner is told instead of its last words repeated."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from hero_router.errors import StoreError
from hero_router.feed.doubts import NO_SCANNER, SCANNER, Doubts
from hero_router.feed.mirror import Mirror
from hero_router.store.stream import Nodes, NodeSight

log = logging.getLogger(__name__)

WATCH_SECONDS = 1.0
GRACE_SECONDS = 4.0
"""A lease may be missing for this long, as when another scanner takes over, before it matters."""


class Watch:
    """One worker's eye on all nodes. `clock` is monotonic seconds: wall time may jump."""

    def __init__(
        self,
        nodes: Nodes,
        mirror: Mirror,
        doubts: Doubts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nodes, self._mirror, self._doubts, self._clock = nodes, mirror, doubts, clock
        self._leased_at: dict[str, float] = {}
        self._empty_since: float | None = None

    async def run(self) -> None:
        """Look again and again until cancelled; while Redis is away, nothing new can be known."""
        while True:
            try:
                self.note(await self._nodes.sight())
            except StoreError as error:
                log.debug("cannot look at the nodes: %s", error)
                self.blind()
            await asyncio.sleep(WATCH_SECONDS)

    def note(self, sight: Mapping[str, NodeSight]) -> None:
        """Take what was seen and begin or end doubts."""
        now = self._clock()
        self._note_empty(not sight, now)
        for name, node in sight.items():
            if node.leased:
                self._leased_at[name] = now
            else:
                self._leased_at.setdefault(name, now)
        gone = {name for name in sight if now - self._leased_at[name] >= GRACE_SECONDS}
        self._mirror.look(frozenset(gone), {name: node.state for name, node in sight.items()})
        self._tell(gone)

    def _note_empty(self, empty: bool, now: float) -> None:
        if not empty:
            self._empty_since = None
            self._doubts.end(NO_SCANNER)
            return
        self._empty_since = now if self._empty_since is None else self._empty_since
        if now - self._empty_since >= GRACE_SECONDS:
            self._doubts.begin(NO_SCANNER, None, "no scanner has reported to this Redis yet")

    def _tell(self, gone: set[str]) -> None:
        for name in gone:
            self._doubts.begin(SCANNER, name, f"no scanner is running for node {name}")
        for reason, node in tuple(self._doubts.current):
            if reason == SCANNER and node not in gone:
                self._doubts.end(SCANNER, node)

    def blind(self) -> None:
        """Time without Redis says nothing about the scanners: begin to count anew."""
        now = self._clock()
        self._leased_at = dict.fromkeys(self._leased_at, now)
        self._empty_since = None
