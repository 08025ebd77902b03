"""The same few events to more and more clients, and by more and more workers: what grows?"""

from dataclasses import asdict

from benchmarks.figures import Figures
from benchmarks.product import Product
from benchmarks.run import measure
from benchmarks.scenario import Scenario

FLOW = Scenario("growth", "one event at a time, 5/s", events=30, batch=1, rate=5)
"""Few enough for 10,000 clients on one core, and for one process that reads for all of them."""

GROWN = ((1, 100), (1, 1_000), (1, 4_000), (1, 10_000), (2, 4_000), (4, 4_000))
"""Workers and clients."""


async def growth(workers: int, clients: int) -> Figures:
    """Publish to so many clients of so many workers. Raises Broken."""
    values = asdict(await measure(Product(workers=workers), FLOW, clients))
    for name in ("target", "scenario", "clients"):
        del values[name]
    values |= {f"{key}_ms": value for key, value in values.pop("latency").items()}
    values["kb_per_client"] = values.pop("memory_bytes") / 1024
    return Figures("growth", named(workers), clients, values)


def named(workers: int) -> str:
    """As the tables call that many workers."""
    return "1 worker" if workers == 1 else f"{workers} workers"
