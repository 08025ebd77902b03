"""Reads the last probe of a service (latency, time) from Redis when a client asks for it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from hero_router.errors import StoreError
from hero_router.singleflight import SharedReads
from hero_router.store.stream_reader import NodeReader

FRESH_SECONDS = 1.0
"""However many clients ask for one service, Redis is asked once in this time."""

WAIT_SECONDS = 1.0
"""Longest wait for Redis; after it the service is answered without its last probe."""

Probe = Mapping[str, Any]
"""A probe's results as JSON values."""


class LastProbeCache:
    """Reads and caches the last probe of each service. `clock` gives monotonic seconds."""

    def __init__(self, nodes: NodeReader, clock: Callable[[], float] = time.monotonic) -> None:
        self._nodes = nodes
        self._reads = SharedReads(self._read, FRESH_SECONDS, clock)

    async def latest(self, node: str, service: str) -> Probe | None:
        """A service's last probe; None if there is none or Redis does not answer in time."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await self._reads.get(node, service)
        except TimeoutError:
            return None

    async def _read(self, node: str, service: str) -> Probe | None:
        try:
            probe = await self._nodes.probe(node, service)
        except StoreError:
            return None
        return probe if isinstance(probe, dict) else None
