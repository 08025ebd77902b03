"""Drives the process whose clients come back with their positions, and publishes beside it."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.load.process import Broken, Child, child
from benchmarks.load.workload_definitions import EventWorkload
from benchmarks.targets.product import Publisher
from tests.support.background import meanwhile

LIVE_SECONDS = 60.0


class Roamers:
    """The process with all clients of one experiment."""

    def __init__(self, process: Child, clients: int) -> None:
        self._process, self._clients = process, clients

    async def sums(self, **order: object) -> dict[str, Any]:
        """What the clients have seen so far; `forget` in the order clears their silences."""
        self._process.tell(**order)
        return await self._process.hear(LIVE_SECONDS)

    async def live(self, comebacks: int = 0) -> dict[str, Any]:
        """Poll until all are connected, and this many have come back. Raises Broken."""
        return await self.until(
            lambda seen: seen["live"] == self._clients and seen["comebacks"] >= comebacks,
            LIVE_SECONDS,
            "not all streams came to life",
        )

    async def until(
        self, condition: Callable[[dict[str, Any]], bool], seconds: float, otherwise: str
    ) -> dict[str, Any]:
        """Poll until what they have seen fulfils a condition. Raises Broken."""
        deadline = time.monotonic() + seconds
        while not condition(seen := await self.sums()):
            if time.monotonic() > deadline:
                raise Broken(f"{otherwise}: {seen}")
            await asyncio.sleep(0.1)
        return seen


@asynccontextmanager
async def roaming(
    port: int, clients: int, pause: float | None, core: frozenset[int]
) -> AsyncIterator[Roamers]:
    """Connect all clients; after a loss each waits for `pause` seconds, or for its `retry:`."""
    command = [sys.executable, "-m", "benchmarks.load.roamer"]
    async with child(command, core=core, speaks=True) as process:
        process.tell(port=port, number=clients, pause=pause)
        await process.hear(LIVE_SECONDS)
        roamers = Roamers(process, clients)
        await roamers.live()
        yield roamers


class Flow:
    """How many events have been published so far."""

    number = 0


@asynccontextmanager
async def flowing(publisher: Publisher, scenario: EventWorkload) -> AsyncIterator[Flow]:
    """Publish events at the scenario's rate until the block ends."""
    flow = Flow()

    async def run() -> None:
        began = time.monotonic()
        for number in range(1, scenario.events):
            await asyncio.sleep(began + number / scenario.rate - time.monotonic())
            await publisher.publish([scenario.change(number)])
            flow.number = number

    async with meanwhile(run()):
        yield flow
