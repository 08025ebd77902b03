"""Reads thousands of event streams in one lean process; judges them after the run.

It polls and reads raw sockets, as a callback of asyncio for each read would cost more than the
server spends. Each line on stdin is an order in JSON; the answer is a line on stdout.
"""

import json
import select
import socket
import sys
import time
from array import array
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.load.delivery_check import Verdict
from benchmarks.load.wire import Memo, Reader

READ_BYTES = 256 * 1024
SHARED_BYTES = 64 * 1024
"""Pieces up to this size that are alike are kept once."""

UNANSWERED = 256
"""How many connections may wait for their first frame at once."""

SLOW_WINDOW = 32 * 1024
"""What the kernel holds for a client that does not read: else it would hold megabytes for it."""

REQUEST = "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n\r\n"
"""As a browser asks: some servers know an event stream by what is accepted."""

GREETED = b"\n\n"
"""Ends the first frame; the head before it has lines that end in CRLF."""


class Stream:
    """One connection, and all that was read from it since its first frame."""

    def __init__(self, port: int, path: str, *, slow: bool) -> None:
        self.slow = slow
        self.socket = socket.socket()
        if slow:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_WINDOW)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(REQUEST.format(path=path, port=port).encode("ascii"))
        self.socket.setblocking(False)
        self.greeting = b""
        self.clear()

    def clear(self) -> None:
        """Forget what was read."""
        self.times, self.pieces, self.size = array("q"), list[bytes](), 0

    def ends_with(self, mark: bytes) -> bool:
        """Whether the frame with `mark` was among the last things read."""
        return mark in b"".join(self.pieces[-3:])


class Swarm:
    """All streams of one run."""

    def __init__(self) -> None:
        self._streams = list[Stream]()
        self._by_fd = dict[int, Stream]()
        self._poll = select.epoll()
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._shared = dict[bytes, bytes]()

    def connect(self, port: int, path: str, number: int, slow: int, seconds: float) -> int:
        """Open all, the `slow` ones last; returns how many have their first frame in time."""
        deadline, waiting, left = time.monotonic() + seconds, set[Stream](), number
        while (waiting or left) and time.monotonic() < deadline:
            while left and len(waiting) < UNANSWERED:
                waiting.add(self._open(Stream(port, path, slow=left <= slow)))
                left -= 1
            for stream in self._read(0.1):
                stream.greeting = b"".join(stream.pieces)
                if GREETED in stream.greeting:
                    waiting.discard(stream)
        self.forget()
        for stream in self._streams:
            if stream.slow:
                self._poll.unregister(stream.socket.fileno())
        return len(self._streams) - len(waiting)

    def _open(self, stream: Stream) -> Stream:
        self._streams.append(stream)
        self._by_fd[stream.socket.fileno()] = stream
        self._poll.register(stream.socket.fileno(), select.EPOLLIN)
        return stream

    def forget(self) -> None:
        """Forget what was read after the first frame."""
        for stream in self._streams:
            stream.clear()

    def wake(self) -> None:
        """The slow ones read on."""
        for stream in self.chosen(slow=True):
            self._poll.register(stream.socket.fileno(), select.EPOLLIN)

    def chosen(self, *, slow: bool) -> list[Stream]:
        """The slow ones, or the others."""
        return [stream for stream in self._streams if stream.slow is slow]

    def watch(
        self, streams: Sequence[Stream], least: int, last: bytes, silence: float, seconds: float
    ) -> int:
        """Read until these have the `last` frame, all are silent or the `seconds` are over.

        Returns how many have it. A stream is not searched before it has `least` bytes.
        """
        waiting, quiet_since = set(streams), time.monotonic()
        deadline = quiet_since + seconds
        while waiting and quiet_since + silence > time.monotonic() < deadline:
            for stream in self._read(0.5):
                quiet_since = time.monotonic()
                if stream.size >= least and stream in waiting and stream.ends_with(last):
                    waiting.discard(stream)
        return len(streams) - len(waiting)

    def drain(self, seconds: float) -> int:
        """Read and forget for some time; returns how often something was read."""
        deadline, reads = time.monotonic() + seconds, 0
        while (left := deadline - time.monotonic()) > 0:
            ready = self._read(left)
            reads += len(ready)
            for stream in ready:
                stream.clear()
        return reads

    def _read(self, seconds: float) -> list[Stream]:
        """Read once from every stream that has something; returns these streams."""
        ready = list[Stream]()
        for fd, _ in self._poll.poll(seconds):
            stream = self._by_fd[fd]
            try:
                size = stream.socket.recv_into(self._buffer)
            except ConnectionResetError:
                size = 0
            if size:
                piece = bytes(self._buffer[:size])
                if size <= SHARED_BYTES:
                    piece = self._shared.setdefault(piece, piece)
                stream.times.append(time.monotonic_ns())
                stream.pieces.append(piece)
                stream.size += size
                ready.append(stream)
            else:
                self._poll.unregister(fd)
        return ready


def judge(
    streams: Sequence[Stream], first: int, published: Sequence[int], since: int | None
) -> Verdict:
    """Decode everything that was read."""
    verdict, memo = Verdict(), Memo()
    for stream in streams:
        pieces = zip(stream.times, stream.pieces, strict=True)
        verdict.add(Reader(stream.greeting, memo, since), pieces, first, published)
    return verdict


def main() -> None:
    """Carry out one order after the other, until stdin ends."""
    swarm = Swarm()
    while line := sys.stdin.readline():
        order: dict[str, Any] = json.loads(line)
        match order.pop("do"):
            case "connect":
                began = time.monotonic()
                connected = swarm.connect(**order)
                _answer(connected=connected, seconds=time.monotonic() - began)
            case "watch":
                _watch(swarm, slow=False, **order)
            case "wake":
                swarm.wake()
                _watch(swarm, slow=True, **order)
            case "drain":
                _answer(reads=swarm.drain(**order))
            case "judge":
                verdict = judge(swarm.chosen(slow=order.pop("slow")), **order)
                counts = asdict(verdict)
                del counts["waits"]
                _answer(**counts, latency=asdict(verdict.latency()))


def _watch(
    swarm: Swarm, *, slow: bool, least: int, last: str, silence: float, seconds: float
) -> None:
    _answer(watching=True)
    used = time.process_time()
    finished = swarm.watch(swarm.chosen(slow=slow), least, last.encode("ascii"), silence, seconds)
    _answer(finished=finished, cpu_seconds=time.process_time() - used, at=time.monotonic_ns())


def _answer(**message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
