"""The service behind all reverse proxies: bare asyncio on a Unix socket, given as argument.

`/bytes/N` answers with N bytes; a request with a body is answered once all of it has come;
`/events` is an event stream with `FRAMES_PER_SECOND`; an upgrade becomes an echo.
"""

import asyncio
import json
import re
import sys
from typing import cast

import uvloop

from benchmarks.targets.python_peer_common import BACKLOG

FRAMES_PER_SECOND = 10
FRAME = b"event: status_change\ndata: " + b"x" * 262 + b"\n\n"
PIECE = b"x" * (256 * 1024)
"""What a large answer is written in."""

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
_SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
_SMALL = 64 * 1024


class _Service(asyncio.Protocol):
    """One connection."""

    __slots__ = ("_echoes", "_is_paused", "_left", "_streams", "_transport")

    def __init__(self, streams: set[asyncio.Transport]) -> None:
        self._streams = streams
        self._echoes = self._is_paused = False
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - of asyncio.Protocol
        self._streams.discard(self._transport)

    def pause_writing(self) -> None:
        self._is_paused = True

    def resume_writing(self) -> None:
        self._is_paused = False
        self._write_more()

    def data_received(self, data: bytes) -> None:
        if self._echoes:
            self._transport.write(data)
        elif self._left < 0:
            self._body(len(data))
        else:
            head, end, rest = data.partition(b"\r\n\r\n")
            assert end, "the head comes in one piece"
            self._answer(head, len(rest))

    def _answer(self, head: bytes, received: int) -> None:
        path = head.split(b" ", 2)[1]
        if b"\r\nupgrade: " in head.lower():
            self._echoes = True
            self._transport.write(_SWITCH)
        elif (length := _LENGTH.search(head)) and int(length[1]):
            self._left = -int(length[1])
            self._body(received)
        elif path == b"/events":
            self._transport.write(_STREAM)
            self._streams.add(self._transport)
        else:
            self._send(int(path.rpartition(b"/")[2]))

    def _body(self, received: int) -> None:
        self._left += received
        if not self._left:
            self._send(0)

    def _send(self, size: int) -> None:
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Length: %d\r\n\r\n" % size
        )
        if size <= _SMALL:
            self._transport.write(head + PIECE[:size])
            return
        self._transport.write(head)
        self._left = size
        self._write_more()

    def _write_more(self) -> None:
        """Write until the reader is slow."""
        while self._left > 0 and not self._is_paused:
            piece = PIECE[: self._left]
            self._left -= len(piece)
            self._transport.write(piece)


async def _serve(path: str) -> None:
    streams = set[asyncio.Transport]()
    loop = asyncio.get_running_loop()
    await loop.create_unix_server(lambda: _Service(streams), path, backlog=BACKLOG)
    print(json.dumps({"ready": True}), flush=True)
    chunk = b"%x\r\n%b\r\n" % (len(FRAME), FRAME)
    due = loop.time()
    while True:
        due += 1 / FRAMES_PER_SECOND
        await asyncio.sleep(due - loop.time())
        for transport in tuple(streams):
            transport.write(chunk)


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
