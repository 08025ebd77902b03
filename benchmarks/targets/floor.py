"""The floors: bare servers that do nothing but write prebuilt frames to every connection.

`each` writes every frame alone, `joined` makes one write per client and batch. No HTTP library, no
Redis, no positions, no slow clients: what is left is the price of asyncio and the kernel.
"""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import cast

import uvloop

from benchmarks.load.process import START_SECONDS, child
from benchmarks.load.resource_usage import SERVER_CORE
from benchmarks.load.workload_definitions import EventWorkload
from benchmarks.targets.target import Server
from hero_router.position import Position

HEAD = Position(1_700_000_000_000, 0)
BACKLOG = 4096
GREETING = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: hello\n\n"
)


class Floor:
    """A floor as a target; `mode` is each or joined, `loop` asyncio or uvloop."""

    def __init__(self, mode: str, loop: str) -> None:
        self._mode, self._loop = mode, loop
        self.name = f"floor-{mode}" if loop == "asyncio" else f"floor-{mode}-{loop}"

    @asynccontextmanager
    async def start(self, scenario: EventWorkload) -> AsyncIterator[Server]:
        """Run it as a process of its own. Raises Broken."""
        command = [
            sys.executable,
            "-m",
            __name__,
            self._mode,
            self._loop,
            json.dumps(asdict(scenario)),
        ]
        async with child(command, core=SERVER_CORE, speaks=True) as process:
            ready = await process.hear(START_SECONDS)

            async def publish(numbers: Sequence[int]) -> None:
                process.tell(first=numbers[0], count=len(numbers))

            yield Server((process.pid,), ready["port"], HEAD, publish)


class _Connection(asyncio.Protocol):
    """Greets whoever asks anything and is written to from then on."""

    def __init__(self, everyone: set[asyncio.WriteTransport]) -> None:
        self._everyone = everyone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no class of asyncio's, so there is nothing to ask them for.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, _: bytes) -> None:
        self._transport.write(GREETING)
        self._everyone.add(self._transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._everyone.discard(self._transport)


async def _serve(mode: str, frames: Sequence[bytes]) -> None:
    """Write the frames that each line on stdin names, until stdin ends."""
    everyone = set[asyncio.WriteTransport]()
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    await loop.create_server(lambda: _Connection(everyone), sock=listener, backlog=BACKLOG)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    while line := await orders.readline():
        order = json.loads(line)
        due = frames[order["first"] - 1 : order["first"] - 1 + order["count"]]
        for data in [b"".join(due)] if mode == "joined" else due:
            for transport in everyone:
                transport.write(data)


def main(mode: str, loop: str, scenario_json: str) -> None:
    """Run one floor process for a scenario."""
    scenario = EventWorkload(**json.loads(scenario_json))
    frames = [
        scenario.frame(number, Position(HEAD.epoch, number))
        for number in range(1, scenario.events + 1)
    ]
    run = uvloop.run if loop == "uvloop" else asyncio.run
    run(_serve(mode, frames))


if __name__ == "__main__":
    main(*sys.argv[1:])
