"""Some clients stop reading during a long burst: memory, the others' latency, and exact counts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from benchmarks.experiments.reader_driver import reading
from benchmarks.experiments.streaming import publish
from benchmarks.load.resource_usage import Meter, memory_bytes
from benchmarks.load.workload_definitions import BURST, EventWorkload
from benchmarks.results.runs import Run
from benchmarks.targets.target import Target
from tests.support.background import meanwhile

COUNTS = (
    *("delivered", "lost", "undelivered", "missed", "inexact"),
    *("doubled", "disordered", "resyncs"),
)

WINDOW = 8192
"""Eight seconds of the burst: else a pause of a shared machine would be a gap for everyone."""


async def stalled(target: Target, clients: int, slow: int, scenario: EventWorkload = BURST) -> Run:
    """Publish while `slow` of the clients do not read; then let them read on. Raises Broken."""
    async with target.start(scenario) as server, reading(server) as readers:
        await readers.connect(clients, slow)
        await readers.watch(scenario)
        before, meter = memory_bytes(server.pids), Meter(server.pids)
        async with _memory(server.pids) as seen:
            published = await publish(server, scenario)
            await readers.watched()
        cpu, waited = meter.read()
        others = await readers.judged(published)
        values = {
            "growth_mb": (max(seen) - before) / 1e6,
            "cpu_us": cpu * 1e6 / max(others["delivered"], 1),
            "waited_seconds": waited,
            **{f"{name}_ms": others["latency"][name] for name in ("p50", "p99", "most")},
            **{name: others[name] for name in COUNTS},
        }
        if slow:
            await readers.watch(scenario, slow=True)
            values["woken"] = (await readers.watched())["finished"]
            verdict = await readers.judged(published, slow=True)
            values |= {f"slow_{name}": verdict[name] for name in COUNTS}
        return Run("stalled" if slow else "unstalled", target.name, clients, values)


@asynccontextmanager
async def _memory(pids: Sequence[int]) -> AsyncIterator[list[int]]:
    """Note the processes' memory twice a second."""
    seen = [memory_bytes(pids)]

    async def watch() -> None:
        while True:
            await asyncio.sleep(0.5)
            seen.append(memory_bytes(pids))

    async with meanwhile(watch()):
        yield seen
        seen.append(memory_bytes(pids))
