"""A worker is killed under all its clients, which come back at once with their positions.

In the second experiment they stay away until their positions are out of the window: each gets the
size of its gap, and fetches the whole state at the time that it is given.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from benchmarks.experiments.roamer_driver import Roamers, flowing, roaming
from benchmarks.load.load_balancer_health_checks import polled
from benchmarks.load.resource_usage import LOAD_CORE, Meter
from benchmarks.load.workload_definitions import EventWorkload
from benchmarks.results.runs import Run
from benchmarks.targets.product import Deployment, Product
from hero_router.store.client import connect
from hero_router.store.keys import APPLY_BATCH

FLOW = EventWorkload("storm", "2 events/s", events=1_000_000, batch=1, rate=2)
"""To 5,000 clients that is what one process can well read for them beside all else."""

BEFORE_SECONDS = 2.0
OBSERVED_SECONDS = 6.0
"""Redis's commands are counted for at least this long, from the kill on."""

TRIMMED_WINDOW = 64
"""What is kept, and so sent after each gap: here one process has to read it for all clients."""

AWAY_SECONDS = 2.0
SPREAD_SECONDS = 20.0
"""Twice as long as a re-fetch may be put off."""


async def storm(product: Product, clients: int) -> Run:
    """All clients come back at once; wait until all have everything. Raises Broken."""
    async with (
        _crowd(product, clients, pause=0) as (it, roamers),
        flowing(it.publisher, FLOW) as flow,
    ):
        await asyncio.sleep(BEFORE_SECONDS)
        before, commands = await roamers.sums(), await _commands(it)
        async with polled(it.config.web.port) as ready:
            began = time.monotonic()
            os.kill(it.workers[0], signal.SIGKILL)
            after = await roamers.live(before["comebacks"] + clients)
            seconds = time.monotonic() - began
            await asyncio.sleep(began + OBSERVED_SECONDS - time.monotonic())
        used = (await _commands(it) - commands) / (time.monotonic() - began)
        end = await roamers.sums()
        values = {
            "seconds_until_live": seconds,
            "came_back": after["comebacks"] - before["comebacks"],
            "redis_commands_a_second": used,
            "published": flow.number,
            "silence_most_s": end["silence_most"],
            **ready.values(),
            **{name: end[name] for name in ("lost", "doubled", "resyncs")},
        }
        return Run("storm", product.name, clients, values)


async def trim(product: Product, clients: int) -> Run:
    """All come back after more was published than is kept. Raises Broken."""
    async with _crowd(product, clients, pause=AWAY_SECONDS) as (it, roamers):
        async with polled(it.config.web.port) as ready:
            began = time.monotonic()
            os.kill(it.workers[0], signal.SIGKILL)
            await _fill(it)
            await roamers.live(clients)
            seconds = time.monotonic() - began - AWAY_SECONDS
            meter = Meter([it.workers[0]])
            end = await roamers.until(
                lambda seen: bool(seen["fetches"] >= clients),
                SPREAD_SECONDS,
                "not all clients fetched the state",
            )
        cpu, _ = meter.read()
        counts = ("resyncs", "fetches", "fetches_failed", "fetches_a_second_most", "snapshots")
        values = {
            "seconds_until_live": seconds,
            "fetch_span_s": end["fetch_span"],
            "fetch_p99_ms": end["fetch_p99"] * 1000,
            "cpu_seconds": cpu,
            **ready.values(),
            **{name: end[name] for name in (*counts, "lost", "doubled")},
        }
        return Run("trim", product.name, clients, values)


@asynccontextmanager
async def _crowd(
    product: Product, clients: int, pause: float
) -> AsyncIterator[tuple[Deployment, Roamers]]:
    """All clients are on the first of two workers; the other one stands by."""
    async with product.deployed() as it, AsyncExitStack() as stack:
        _, other = it.workers
        os.kill(other, signal.SIGSTOP)
        try:
            roamers = await stack.enter_async_context(
                roaming(it.config.web.port, clients, pause, LOAD_CORE)
            )
        finally:
            os.kill(other, signal.SIGCONT)
        yield it, roamers


async def _fill(it: Deployment) -> None:
    """Publish the window twice."""
    numbers = list(range(1, 2 * it.config.stream.window + 1))
    for first in range(0, len(numbers), APPLY_BATCH):
        await it.publisher.publish(
            [FLOW.change(number) for number in numbers[first : first + APPLY_BATCH]]
        )


async def _commands(it: Deployment) -> int:
    """How many commands Redis has carried out but for the publisher's and this one."""
    client = connect(it.config.redis.url, name="bench-count", connections=1)
    try:
        stats: Mapping[str, Mapping[str, int]] = await client.info("commandstats")
    finally:
        await client.aclose()
    names = ("xread", "xrange", "hgetall", "exists", "xinfo|stream", "subscribe", "evalsha_ro")
    ours = [f"cmdstat_{name}" for name in names]
    return sum(int(stats[name]["calls"]) for name in ours if name in stats)
