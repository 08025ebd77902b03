"""Drives the process that reads for all clients of one server: connect, watch, judge."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.load.process import Child, child
from benchmarks.load.resource_usage import LOAD_CORE, memory_bytes
from benchmarks.load.workload_definitions import AT_MS, CREATED_MS, EventWorkload
from benchmarks.targets.target import PATH, Server
from hero_router.position import Position

CONNECT_SECONDS = 30.0
SETTLE_SECONDS = 1.0
"""Idle time before memory is read, so that what connecting took is given back."""
SILENCE_SECONDS = 5.0
"""Clients that read nothing for this long have all that they will ever get."""
PATIENCE_SECONDS = 10.0
"""What has not come this long after the last event was due counts as undelivered."""
WATCH_SECONDS = 150.0
JUDGE_SECONDS = 120.0


class Readers:
    """The reading process, connected to one server."""

    def __init__(self, server: Server, process: Child) -> None:
        self._server, self._process = server, process

    async def connect(self, clients: int, slow: int = 0) -> tuple[float, int]:
        """Connect all; returns the seconds that took, and the server's growth in bytes."""
        connected, seconds, grown = await self.connect_some(clients, slow)
        if connected < clients:
            raise self._process.broken(f"connected only {connected} of {clients} streams")
        return seconds, grown

    async def connect_some(self, clients: int, slow: int = 0) -> tuple[int, float, int]:
        """Connect as many as come in time, but at least one; returns also their number."""
        before = memory_bytes(self._server.pids)
        order = {"port": self._server.port, "path": PATH, "number": clients, "slow": slow}
        self._process.tell(do="connect", **order, seconds=CONNECT_SECONDS)
        answer = await self._process.hear(CONNECT_SECONDS * 2)
        if not answer["connected"]:
            raise self._process.broken("connected no stream")
        await asyncio.sleep(SETTLE_SECONDS)
        grown = memory_bytes(self._server.pids) - before
        return answer["connected"], answer["seconds"], grown

    async def watch(self, scenario: EventWorkload, *, slow: bool = False) -> int:
        """Let the readers, or now the slow ones, read; `watched` waits for their end.

        Returns how many bytes each of them must get at least.
        """
        least, mark = expected(self._server, scenario)
        patience = PATIENCE_SECONDS + (0 if slow else scenario.seconds)
        order = {"least": 0 if slow else least, "last": mark, "silence": SILENCE_SECONDS}
        self._process.tell(do="wake" if slow else "watch", **order, seconds=patience)
        await self._process.hear(CONNECT_SECONDS)
        return least

    async def watched(self) -> dict[str, Any]:
        """Wait until they have all events or nothing more comes: when, how many, at what cost."""
        return await self._process.hear(WATCH_SECONDS)

    async def drain(self, seconds: float) -> int:
        """Read and forget for some time; returns how often something was read."""
        self._process.tell(do="drain", seconds=seconds)
        return int((await self._process.hear(seconds * 2))["reads"])

    async def judged(self, published: Sequence[int], *, slow: bool = False) -> dict[str, Any]:
        """The faults and latencies in what the readers, or the slow ones of them, have read."""
        first = self._server.head.seq + 1
        since = CREATED_MS - first + 1 if self._server.by_data else None
        self._process.tell(do="judge", slow=slow, first=first, published=published, since=since)
        return await self._process.hear(JUDGE_SECONDS)


@asynccontextmanager
async def reading(server: Server) -> AsyncIterator[Readers]:
    """Run the reading process on the load's core."""
    command = [sys.executable, "-m", "benchmarks.load.client"]
    async with child(command, core=LOAD_CORE, speaks=True) as process:
        yield Readers(server, process)


def expected(server: Server, scenario: EventWorkload) -> tuple[int, str]:
    """How many bytes every client receives at least, and what is in the last event alone."""
    epoch, seq = server.head
    numbers = range(1, scenario.events + 1)
    at = 0 if server.by_data else AT_MS  # what peers send on is as it is in Redis
    frames = [scenario.frame(number, Position(epoch, seq + number), at=at) for number in numbers]
    if server.by_data:
        return sum(len(it.partition(b"data:")[2]) for it in frames), scenario.mark(numbers[-1])
    return sum(map(len, frames)), frames[-1].partition(b"\n")[0].decode("ascii") + "\n"
