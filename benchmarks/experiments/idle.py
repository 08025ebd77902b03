"""Ten thousand clients that only listen: connects a second, memory of each, cost of keepalives."""

import time

from benchmarks.experiments.reader_driver import reading
from benchmarks.load.resource_usage import Meter
from benchmarks.load.workload_definitions import SCENARIOS
from benchmarks.results.runs import Run
from benchmarks.targets.target import Target

QUIET_SECONDS = 6.0
PING_SECONDS = 5
"""One keepalive falls into the quiet time."""


async def idle(target: Target, clients: int) -> Run:
    """Connect, settle, read keepalives for a while. Raises Broken."""
    async with target.start(SCENARIOS[0]) as server, reading(server) as readers:
        meter = Meter(server.pids)
        connected, seconds, memory = await readers.connect_some(clients)
        connecting, _ = meter.read()
        meter, began = Meter(server.pids), time.monotonic()
        reads = await readers.drain(QUIET_SECONDS)
        cpu, _ = meter.read()
        values = {
            "connected": connected,
            "connects_per_second": connected / seconds,
            "connect_cpu_us": connecting * 1e6 / connected,
            "kb_per_client": memory / 1024 / connected,
            "idle_cpu_share": cpu / (time.monotonic() - began),
            "pings_per_client": reads / connected,
        }
        if reads:
            values["ping_cpu_us"] = cpu * 1e6 / reads
        return Run("idle", target.name, clients, values)
