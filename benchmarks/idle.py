"""Ten thousand clients that only listen: connects a second, memory of each, cost of keepalives."""

import sys
import time

from benchmarks.figures import Figures
from benchmarks.measure import LOAD_CORE, Meter
from benchmarks.process import child
from benchmarks.run import connect_some
from benchmarks.scenario import SCENARIOS
from benchmarks.target import Target

QUIET_SECONDS = 6.0
PING_SECONDS = 5
"""One keepalive falls into the quiet time."""


async def idle(target: Target, clients: int) -> Figures:
    """Connect, settle, read keepalives for a while. Raises Broken."""
    command = [sys.executable, "-m", "benchmarks.client"]
    async with (
        target.start(SCENARIOS[0]) as server,
        child(command, core=LOAD_CORE, speaks=True) as readers,
    ):
        meter = Meter(server.pids)
        connected, seconds, memory = await connect_some(server, readers, clients)
        if not connected:
            raise readers.broken("connected no stream")
        connecting, _ = meter.read()
        meter, began = Meter(server.pids), time.monotonic()
        readers.tell(do="drain", seconds=QUIET_SECONDS)
        reads = (await readers.hear(QUIET_SECONDS * 2))["reads"]
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
        return Figures("idle", target.name, clients, values)
