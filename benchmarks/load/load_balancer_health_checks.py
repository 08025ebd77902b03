"""Polls `/ready`, with a new connection each time, as a load balancer does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.support.background import meanwhile

STEP_SECONDS = 0.05
ANSWER_SECONDS = 2.0
"""As long as HAProxy waits for the answer to a check."""

REQUEST = b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@dataclass(slots=True)
class Polls:
    """How many polls there were, refusals, and late answers; the slowest answer, in seconds."""

    asked: int = 0
    refused: int = 0
    late: int = 0
    slowest: float = 0.0

    async def ask(self, port: int) -> None:
        """Poll once."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                line = await _first_line(port)
                self.refused += b" 200 " not in line
        except TimeoutError:
            self.late += 1
        except OSError:
            self.refused += 1
        self.asked += 1
        self.slowest = max(self.slowest, time.monotonic() - began)

    def values(self) -> dict[str, float]:
        """As numbers of a run."""
        return {
            "ready_asked": self.asked,
            "ready_refused": self.refused,
            "ready_late": self.late,
            "ready_slowest_ms": self.slowest * 1000,
        }


async def _first_line(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(REQUEST)
        return await reader.readline()
    finally:
        writer.close()


@asynccontextmanager
async def polled(port: int) -> AsyncIterator[Polls]:
    """Poll until the block ends."""
    polls = Polls()

    async def run() -> None:
        while True:
            await polls.ask(port)
            await asyncio.sleep(STEP_SECONDS)

    async with meanwhile(run()):
        yield polls
