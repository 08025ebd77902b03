"""A worker is killed under all its clients, which come back at once with their positions.

In the second experiment they stay away until their positions are out of the window: each is told
its gap, and fetches the whole state when it was told to.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.door import Door, watched
from benchmarks.figures import Figures
from benchmarks.measure import LOAD_CORE, Meter
from benchmarks.process import Broken, Child, child
from benchmarks.product import Deployment, Product, Publisher
from benchmarks.scenario import Scenario
from hero_router.store.client import connect
from hero_router.store.keys import APPLY_BATCH
from tests.support.background import meanwhile

FLOW = Scenario("storm", "2 events/s", events=1_000_000, batch=1, rate=2)
"""To 5,000 clients that is what one process can well read for them beside all else."""

LIVE_SECONDS = 60.0
BEFORE_SECONDS = 2.0
OBSERVED_SECONDS = 6.0
"""From the kill on, at least: Redis's commands are counted for so long."""

TRIMMED_WINDOW = 64
"""What is kept, and so sent after each gap: here one process has to read it for all clients."""

AWAY_SECONDS = 2.0
SPREAD_SECONDS = 20.0
"""Twice as long as a re-fetch may be put off."""


async def storm(product: Product, clients: int) -> Figures:
    """All clients come back at once; wait until all have everything. Raises Broken."""
    async with _crowd(product, clients, pause=0) as (it, roamers), flowing(it.publisher) as flow:
        await asyncio.sleep(BEFORE_SECONDS)
        before, commands = await sums(roamers), await _commands(it)
        async with watched(it.config.web.port) as door:
            began = time.monotonic()
            os.kill(it.workers[0], signal.SIGKILL)
            after = await live(roamers, clients, before["comebacks"] + clients)
            seconds = time.monotonic() - began
            await asyncio.sleep(began + OBSERVED_SECONDS - time.monotonic())
        used = (await _commands(it) - commands) / (time.monotonic() - began)
        end = await sums(roamers)
        values = {
            "seconds_until_live": seconds,
            "came_back": after["comebacks"] - before["comebacks"],
            "redis_commands_a_second": used,
            "published": flow.number,
            "silence_most_s": end["silence_most"],
            **_told(door),
            **{name: end[name] for name in ("lost", "doubled", "resyncs")},
        }
        return Figures("storm", product.name, clients, values)


async def trim(product: Product, clients: int) -> Figures:
    """All come back after more was published than is kept. Raises Broken."""
    async with _crowd(product, clients, pause=AWAY_SECONDS) as (it, roamers):
        async with watched(it.config.web.port) as door:
            began = time.monotonic()
            os.kill(it.workers[0], signal.SIGKILL)
            await _fill(it)
            await live(roamers, clients, clients)
            seconds = time.monotonic() - began - AWAY_SECONDS
            meter = Meter([it.workers[0]])
            end = await _fetched(roamers, clients)
        cpu, _ = meter.read()
        values = {
            "seconds_until_live": seconds,
            "resyncs": end["resyncs"],
            "fetches": end["fetches"],
            "fetches_failed": end["fetches_failed"],
            "fetch_span_s": end["fetch_span"],
            "fetches_a_second_most": end["fetches_a_second_most"],
            "fetch_p99_ms": end["fetch_p99"] * 1000,
            "snapshots": end["snapshots"],
            "cpu_seconds": cpu,
            **_told(door),
            **{name: end[name] for name in ("lost", "doubled")},
        }
        return Figures("trim", product.name, clients, values)


@asynccontextmanager
async def _crowd(
    product: Product, clients: int, pause: float
) -> AsyncIterator[tuple[Deployment, Child]]:
    """All clients are on the first of two workers; the other one stands by."""
    command = [sys.executable, "-m", "benchmarks.roamer"]
    async with product.deployed() as it, child(command, core=LOAD_CORE, speaks=True) as roamers:
        _, other = it.workers
        os.kill(other, signal.SIGSTOP)
        try:
            roamers.tell(port=it.config.web.port, number=clients, pause=pause)
            await roamers.hear(LIVE_SECONDS)
            await live(roamers, clients)
        finally:
            os.kill(other, signal.SIGCONT)
        yield it, roamers


def _told(door: Door) -> dict[str, float]:
    return {
        "ready_asked": door.asked,
        "ready_refused": door.refused,
        "ready_late": door.late,
        "ready_slowest_ms": door.slowest * 1000,
    }


async def _fill(it: Deployment) -> None:
    """Publish the window twice."""
    numbers = list(range(1, 2 * it.config.stream.window + 1))
    for first in range(0, len(numbers), APPLY_BATCH):
        await it.publisher.publish(
            [FLOW.change(number) for number in numbers[first : first + APPLY_BATCH]]
        )


async def _fetched(roamers: Child, clients: int) -> dict[str, Any]:
    """Poll until every client has fetched the state. Raises Broken."""
    deadline = time.monotonic() + SPREAD_SECONDS
    while (seen := await sums(roamers))["fetches"] < clients:
        if time.monotonic() > deadline:
            raise Broken(f"not all clients fetched the state: {seen}")
        await asyncio.sleep(0.1)
    return seen


class Flow:
    """How many events have been published so far."""

    number = 0


@asynccontextmanager
async def flowing(publisher: Publisher, scenario: Scenario = FLOW) -> AsyncIterator[Flow]:
    """Events are published at the scenario's rate for as long as the block lasts."""
    flow = Flow()

    async def run() -> None:
        began = time.monotonic()
        for number in range(1, scenario.events):
            await asyncio.sleep(began + number / scenario.rate - time.monotonic())
            await publisher.publish([scenario.change(number)])
            flow.number = number

    async with meanwhile(run()):
        yield flow


async def sums(roamers: Child, **order: object) -> dict[str, Any]:
    """What the roamers have seen so far."""
    roamers.tell(**order)
    return await roamers.hear(LIVE_SECONDS)


async def live(roamers: Child, clients: int, comebacks: int = 0) -> dict[str, Any]:
    """Poll until all are live, and so many have come back. Raises Broken."""
    deadline = time.monotonic() + LIVE_SECONDS
    while True:
        seen = await sums(roamers)
        if seen["live"] == clients and seen["comebacks"] >= comebacks:
            return seen
        if time.monotonic() > deadline:
            raise Broken(f"not all streams came to life: {seen}")
        await asyncio.sleep(0.1)


async def _commands(it: Deployment) -> int:
    """How many commands Redis has carried out but for the publisher's and this one."""
    client = connect(it.config.redis.url, name="bench-count", connections=1)
    try:
        told: Mapping[str, Mapping[str, int]] = await client.info("commandstats")
    finally:
        await client.aclose()
    names = ("xread", "xrange", "hgetall", "exists", "xinfo|stream", "subscribe", "evalsha_ro")
    ours = [f"cmdstat_{name}" for name in names]
    return sum(int(told[name]["calls"]) for name in ours if name in told)
