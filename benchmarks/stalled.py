"""Some clients stop reading during a long burst: memory, the others' latency, and exact counts."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from benchmarks.figures import Figures
from benchmarks.measure import LOAD_CORE, Meter, memory_bytes
from benchmarks.process import child
from benchmarks.run import WATCH_SECONDS, connect, judged, publish, watch
from benchmarks.scenario import Scenario
from benchmarks.target import Target
from tests.support.background import meanwhile

COUNTS = (
    *("delivered", "lost", "undelivered", "missed", "inexact"),
    *("doubled", "disordered", "resyncs"),
)

WINDOW = 8192
"""Eight seconds of this burst: else a pause of a shared machine would be a gap for everyone."""

BURST = Scenario("stalled", "20,000 events at 1,000/s", events=20_000, batch=25, rate=40)

SMALL_BURST = Scenario(
    "stalled", "6,000 full records at 800/s", events=6000, batch=20, rate=40, full=True
)
"""About what the slowest peers can carry to fifty clients."""


async def stalled(target: Target, clients: int, slow: int, scenario: Scenario = BURST) -> Figures:
    """Publish while `slow` of the clients do not read; then let them read on. Raises Broken."""
    command = [sys.executable, "-m", "benchmarks.client"]
    async with (
        target.start(scenario) as server,
        child(command, core=LOAD_CORE, speaks=True) as readers,
    ):
        await connect(server, readers, clients, slow)
        await watch(server, readers, scenario)
        before, meter = memory_bytes(server.pids), Meter(server.pids)
        async with _watching(server.pids) as seen:
            published = await publish(server, scenario)
            await readers.hear(WATCH_SECONDS)
        cpu, waited = meter.read()
        others = await judged(server, readers, published)
        values = {
            "growth_mb": (max(seen) - before) / 1e6,
            "cpu_us": cpu * 1e6 / max(others["delivered"], 1),
            "waited_seconds": waited,
            **{f"{name}_ms": others["latency"][name] for name in ("p50", "p99", "most")},
            **{name: others[name] for name in COUNTS},
        }
        if slow:
            await watch(server, readers, scenario, slow=True)
            values["woken"] = (await readers.hear(WATCH_SECONDS))["finished"]
            verdict = await judged(server, readers, published, slow=True)
            values |= {f"slow_{name}": verdict[name] for name in COUNTS}
        name = "stalled" if slow else "unstalled"
        return Figures(name, target.name, clients, values)


@asynccontextmanager
async def _watching(pids: Sequence[int]) -> AsyncIterator[list[int]]:
    """Note the processes' memory twice a second."""
    seen = [memory_bytes(pids)]

    async def watch() -> None:
        while True:
            await asyncio.sleep(0.5)
            seen.append(memory_bytes(pids))

    async with meanwhile(watch()):
        yield seen
        seen.append(memory_bytes(pids))
