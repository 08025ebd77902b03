"""Reads the last probe of a service (latency, time) from Redis when a client asks for it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from hero_router.errors import StoreError
from hero_router.singleflight import SingleFlight
from hero_router.store.stream_reader import NodeReader

FRESH_SECONDS = 1.0
"""However many clients ask for one service, Redis is asked once in this time."""

WAIT_SECONDS = 1.0
"""Longest wait for Redis; after it the service is answered without its last probe."""

Probe = Mapping[str, Any]
"""A probe's results as JSON values."""


class LastProbeReader:
    """Reads and caches the last probe of each service. `clock` gives monotonic seconds."""

    def __init__(self, nodes: NodeReader, clock: Callable[[], float] = time.monotonic) -> None:
        self._nodes, self._clock = nodes, clock
        self._flights: dict[str, tuple[float, SingleFlight[Probe | None]]] = {}

    async def latest(self, node: str, service: str) -> Probe | None:
        """A service's last probe; None if there is none or Redis does not answer in time."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await self._flight(node, service).result()
        except TimeoutError:
            return None

    def _flight(self, node: str, service: str) -> SingleFlight[Probe | None]:
        now = self._clock()
        since, flight = self._flights.get(service, (0.0, None))
        if flight is None or not flight.open or now - since >= FRESH_SECONDS:
            self._drop_old(now)
            flight = SingleFlight(self._read(node, service))
            self._flights[service] = now, flight
        return flight

    async def _read(self, node: str, service: str) -> Probe | None:
        try:
            probe = await self._nodes.probe(node, service)
        except StoreError:
            return None
        return probe if isinstance(probe, dict) else None

    def _drop_old(self, now: float) -> None:
        self._flights = {
            key: (since, flight)
            for key, (since, flight) in self._flights.items()
            if now - since < FRESH_SECONDS
        }
