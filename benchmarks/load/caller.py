"""Calls services through one reverse proxy, in one lean process, and counts what comes back.

The argument is a `Load` in JSON. Each line on stdin is {"seconds"}: it counts for so long, and
prints {"done", "bytes", "p50_ms", "p99_ms"}: answers, frames or echoes by the kind of load, the
bytes of bodies both ways, and how long answers and echoes took.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass
from typing import cast

import uvloop

from benchmarks.load.resource_usage import Latency

FILLER = b"x" * (1024 * 1024)
MESSAGE = b"m" * 128
STEP_NS = 10_000
FIRST_LOOK_SECONDS = 0.05
CONNECTING = 64
"""How many connections may wait for their first answer at once."""

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked for: `kind` is `requests`, `frames`, `echoes` or `idle`.

    `sent` is the size of the body of each request, in bytes.
    """

    kind: str
    port: int
    path: str
    clients: int
    sent: int = 0

    def request(self) -> bytes:
        """The head of each request."""
        upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
        fields = upgrade if self.kind in ("echoes", "idle") else ""
        if self.sent:
            fields += f"Content-Length: {self.sent}\r\n"
        method = "PUT" if self.sent else "GET"
        line = f"{method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        return f"{line}User-Agent: bench\r\nAccept: */*\r\n{fields}\r\n".encode()


class Counts:
    """What all connections count while an order is carried out; `waiting` are those at rest."""

    def __init__(self) -> None:
        self.waiting = list[_Connection]()
        self.is_open = False
        self.clear()

    def clear(self) -> None:
        """Count from nothing."""
        self.done = self.bytes = 0
        self.latency = dict[int, int]()

    def ended(self, began_ns: int) -> None:
        """One answer or echo is complete."""
        self.done += 1
        step = (time.monotonic_ns() - began_ns) // STEP_NS
        self.latency[step] = self.latency.get(step, 0) + 1


class _Connection(asyncio.Protocol):
    """One client: `begun` is set once its first answer, or the head of its stream, is here."""

    __slots__ = (
        "_began", "_counts", "_head", "_is_paused", "_left", "_load", "_request", "_to_send",
        "_transport", "begun",
    )  # fmt: skip

    def __init__(self, load: Load, counts: Counts, begun: "asyncio.Future[None]") -> None:
        self._load, self._request, self._counts = load, load.request(), counts
        self.begun = begun
        self._head: bytes | None = b""
        self._left = self._to_send = self._began = 0
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - of asyncio.Protocol
        if self._load.kind != "idle" or not self.begun.done():
            sys.exit(f"a connection was lost: {self._head!r}")

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self._send_more()

    def data_received(self, data: bytes) -> None:
        counts = self._counts
        if self._head is None and self._load.kind != "requests":
            counts.bytes += len(data)
            if self._load.kind == "frames":
                counts.done += data.count(b"\n\n")
            elif len(data) == len(MESSAGE):
                counts.ended(self._began)
                self._go_on()
            return
        if self._head is not None:
            self._head += data
            head, end, data = self._head.partition(_END)
            if not end:
                return
            assert head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 101")), head
            self._head = None
            if self._load.kind != "requests":
                self._set_begun()
                return
            length = _LENGTH.search(head)
            assert length, head
            self._left = int(length[1])
        self._left -= len(data)
        counts.bytes += len(data)
        if self._left == 0:
            counts.ended(self._began)
            self._set_begun()
            self._go_on()

    def _set_begun(self) -> None:
        if not self.begun.done():
            self.begun.set_result(None)
            if self._load.kind == "echoes":
                self._go_on()

    def _go_on(self) -> None:
        if self._counts.is_open:
            self.ask()
        else:
            self._counts.waiting.append(self)

    def ask(self) -> None:
        """Send the next request or message."""
        self._began = time.monotonic_ns()
        if self._load.kind == "echoes":
            self._transport.write(MESSAGE)
        else:
            self._ask()

    def _ask(self) -> None:
        self._head = b""
        self._transport.write(self._request)
        self._to_send = self._load.sent
        self._send_more()

    def _send_more(self) -> None:
        while self._to_send and not self._is_paused:
            piece = FILLER[: self._to_send]
            self._to_send -= len(piece)
            self._counts.bytes += len(piece)
            self._transport.write(piece)


async def _call(load: Load) -> None:
    loop, counts = asyncio.get_running_loop(), Counts()
    for first in range(0, load.clients, CONNECTING):
        begun = [loop.create_future() for _ in range(min(CONNECTING, load.clients - first))]
        for each in begun:
            await loop.create_connection(
                lambda each=each: _Connection(load, counts, each),  # type: ignore[misc]
                "127.0.0.1",
                load.port,
            )
        await asyncio.gather(*begun)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    print(json.dumps({"connected": load.clients}), flush=True)
    while line := await orders.readline():
        counts.clear()
        counts.is_open = True
        waiting, counts.waiting = counts.waiting, []
        for connection in waiting:
            connection.ask()
        await asyncio.sleep(json.loads(line)["seconds"])
        # Costs are for each answer: on a busy machine the first one may take longer than that.
        while load.kind != "idle" and not counts.bytes:  # noqa: ASYNC110 - an event costs more
            await asyncio.sleep(FIRST_LOOK_SECONDS)
        counts.is_open = False
        latency = Latency.of(counts.latency, STEP_NS)
        told = {"p50_ms": latency.p50, "p99_ms": latency.p99}
        print(json.dumps({"done": counts.done, "bytes": counts.bytes, **told}), flush=True)


if __name__ == "__main__":
    uvloop.run(_call(Load(**json.loads(sys.argv[1]))))
