"""Asks `/ready` again and again, each time by a new connection, as a load balancer does."""

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
class Door:
    """How often it was asked, did not say 200, or said nothing in time; the slowest, in seconds."""

    asked: int = 0
    refused: int = 0
    late: int = 0
    slowest: float = 0.0

    async def ask(self, port: int) -> None:
        """Ask once."""
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


async def _first_line(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(REQUEST)
        return await reader.readline()
    finally:
        writer.close()


@asynccontextmanager
async def watched(port: int) -> AsyncIterator[Door]:
    """The door is asked for as long as the block lasts."""
    door = Door()

    async def run() -> None:
        while True:
            await door.ask(port)
            await asyncio.sleep(STEP_SECONDS)

    async with meanwhile(run()):
        yield door
