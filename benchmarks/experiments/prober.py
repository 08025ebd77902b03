"""Probes many sockets by the product's own means or by bare asyncio, and prints the cost.

Arguments: `<way> <root> <rounds>`, with a way of `WAYS`. It prints {"cpu_us", "wall_us", "asked"}:
the time of this process for each question.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from hero_router.scan.prober import HEALTH, Prober
from hero_router.scan.walk import Finder, SocketFile
from hero_router.upstream.client import HEADERS
from hero_router.upstream.outcome import Outcome

CONCURRENCY = 64
"""As many as the scanner asks at the same time by default."""
_FIELDS = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
REQUEST = f"GET {HEALTH} HTTP/1.1\r\nHost: localhost\r\n{_FIELDS}\r\n".encode()

Ask = Callable[[SocketFile], Awaitable[None]]


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)


def kept() -> Ask:
    """The floor: bare asyncio, one connection for each socket that is never closed."""
    open_ones: dict[bytes, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def ask(found: SocketFile) -> None:
        if found.raw not in open_ones:
            place = found.real_path.decode()
            open_ones[found.raw] = await asyncio.open_unix_connection(place)
        await _exchange(*open_ones[found.raw])

    return ask


def anew() -> Ask:
    """Bare asyncio with a new connection for each question."""

    async def ask(found: SocketFile) -> None:
        reader, writer = await asyncio.open_unix_connection(found.real_path.decode())
        await _exchange(reader, writer)
        writer.close()

    return ask


def probe(*, documents: bool) -> Ask:
    """What the scanner does, with or without the questions for documents."""
    prober = Prober(10.0, time.monotonic)

    async def ask(found: SocketFile) -> None:
        seen = await prober(found, ask_documents=documents)
        assert seen.outcome is Outcome.ANSWERED, seen

    return ask


WAYS: dict[str, Callable[[], Ask]] = {
    "floor": kept,
    "floor-anew": anew,
    "probe": lambda: probe(documents=False),
    "probe-documents": lambda: probe(documents=True),
}


async def _run(way: str, sockets: Sequence[SocketFile], rounds: int) -> dict[str, float]:
    ask, slots = WAYS[way](), asyncio.Semaphore(CONCURRENCY)

    async def one(found: SocketFile) -> None:
        async with slots:
            await ask(found)

    async def round_of_all() -> None:
        async with asyncio.TaskGroup() as group:
            for found in sockets:
                group.create_task(one(found))

    await round_of_all()
    cpu, wall = time.process_time(), time.monotonic()
    for _ in range(rounds):
        await round_of_all()
    asked = rounds * len(sockets)
    return {
        "cpu_us": (time.process_time() - cpu) * 1e6 / asked,
        "wall_us": (time.monotonic() - wall) * 1e6 / asked,
        "asked": asked,
    }


if __name__ == "__main__":
    _way, _root, _rounds = sys.argv[1:]
    _sockets = Finder(Path(_root)).walk().sockets
    print(json.dumps(asyncio.run(_run(_way, _sockets, int(_rounds)))), flush=True)
