"""A worker is killed and all its clients come back at once with their positions."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.figures import Figures
from benchmarks.measure import LOAD_CORE
from benchmarks.process import Broken, Child, child
from benchmarks.product import Deployment, Product, Publisher
from benchmarks.scenario import Scenario
from hero_router.store.client import connect

FLOW = Scenario("storm", "20 events/s", events=1_000_000, batch=1, rate=20)
LIVE_SECONDS = 60.0
BEFORE_SECONDS = 3.0
AFTER_SECONDS = 3.0


async def storm(product: Product, clients: int) -> Figures:
    """Kill one worker under all its clients; wait until all have everything. Raises Broken."""
    command = [sys.executable, "-m", "benchmarks.roamer"]
    async with (
        product.deployed() as it,
        child(command, core=LOAD_CORE, speaks=True) as roamers,
        flowing(it.publisher) as flow,
    ):
        roamers.tell(port=it.config.port, number=clients, pause=0)
        await roamers.hear(LIVE_SECONDS)
        await live(roamers, clients)
        await asyncio.sleep(BEFORE_SECONDS)
        before, commands = await sums(roamers), await _commands(it)
        began = time.monotonic()
        os.kill(it.workers[0], signal.SIGKILL)
        hit = clients // it.config.workers
        after = await live(roamers, clients, before["comebacks"] + hit * 9 // 10)
        seconds = time.monotonic() - began
        used = await _commands(it) - commands
        await asyncio.sleep(AFTER_SECONDS)
        end = await sums(roamers)
        values = {
            "seconds_until_live": seconds,
            "came_back": after["comebacks"] - before["comebacks"],
            "redis_commands": used,
            "published_meanwhile": flow.number,
            "silence_most_s": end["silence_most"],
            **{name: end[name] for name in ("lost", "doubled", "resyncs")},
        }
        return Figures("storm", product.name, clients, values)


class Flow:
    """How many events have been published so far."""

    number = 0


@asynccontextmanager
async def flowing(publisher: Publisher) -> AsyncIterator[Flow]:
    """Events are published at the rate of `FLOW` for as long as the block lasts."""
    flow = Flow()

    async def run() -> None:
        began = time.monotonic()
        for number in range(1, FLOW.events):
            await asyncio.sleep(began + number / FLOW.rate - time.monotonic())
            await publisher.publish([FLOW.change(number)])
            flow.number = number

    task = asyncio.create_task(run())
    try:
        yield flow
        if task.done():
            task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def sums(roamers: Child) -> dict[str, Any]:
    """What the roamers have seen so far."""
    roamers.tell()
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
        await asyncio.sleep(0.02)


async def _commands(it: Deployment) -> int:
    """How many commands Redis has carried out but for the publisher's and this one."""
    client = connect(it.config.redis_url, name="bench-count", connections=1)
    try:
        told: Mapping[str, Mapping[str, int]] = await client.info("commandstats")
    finally:
        await client.aclose()
    names = ("xread", "xrange", "hgetall", "exists", "xinfo|stream", "subscribe", "evalsha_ro")
    ours = [f"cmdstat_{name}" for name in names]
    return sum(int(told[name]["calls"]) for name in ours if name in told)
