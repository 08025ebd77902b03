"""The live figures of services (latency, last check), read from Redis when somebody looks."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from hero_router.errors import StoreError
from hero_router.singleflight import SingleFlight
from hero_router.store.stream import NodeReader

FRESH_SECONDS = 1.0
"""However many look at one service, Redis is asked once in this time."""

WAIT_SECONDS = 1.0
"""The record is known without Redis, so it never waits for the figures longer than this."""

Figures = Mapping[str, Any]


class ProbeCache:
    """Reads and keeps the figures for a moment; `clock` is monotonic seconds."""

    def __init__(self, nodes: NodeReader, clock: Callable[[], float] = time.monotonic) -> None:
        self._nodes, self._clock = nodes, clock
        self._flights: dict[str, tuple[float, SingleFlight[Figures | None]]] = {}

    async def latest(self, node: str, service: str) -> Figures | None:
        """The last probe's figures; None where there are none or Redis does not tell in time."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await self._flight(node, service).result()
        except TimeoutError:
            return None

    def _flight(self, node: str, service: str) -> SingleFlight[Figures | None]:
        now = self._clock()
        since, flight = self._flights.get(service, (0.0, None))
        if flight is None or not flight.open or now - since >= FRESH_SECONDS:
            self._drop_old(now)
            flight = SingleFlight(self._read(node, service))
            self._flights[service] = now, flight
        return flight

    async def _read(self, node: str, service: str) -> Figures | None:
        try:
            figures = await self._nodes.probe(node, service)
        except StoreError:
            return None
        return figures if isinstance(figures, dict) else None

    def _drop_old(self, now: float) -> None:
        self._flights = {
            key: (since, flight)
            for key, (since, flight) in self._flights.items()
            if now - since < FRESH_SECONDS
        }
