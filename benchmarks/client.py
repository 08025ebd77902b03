"""One thousand event streams in one lean process: reads and notes the time, judges afterwards.

It polls and reads raw sockets, as a callback of asyncio for each read would cost more than the
server spends. It is told what to do in lines of JSON on stdin and answers on stdout.
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

from benchmarks.judge import Verdict
from benchmarks.measure import Latency
from benchmarks.wire import Reader

READ_BYTES = 256 * 1024
GREETED = b"\n\n"
"""Ends the first frame; the head before it has lines that end in CRLF."""


class Stream:
    """One connection, and all that was read from it since it was greeted."""

    def __init__(self, port: int, path: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        self.socket.sendall(request.encode("ascii"))
        self.socket.setblocking(False)
        self.greeting = b""
        self.clear()

    def clear(self) -> None:
        """Forget what was read."""
        self.times, self.pieces, self.size = array("q"), list[bytes](), 0

    def ends_with(self, mark: bytes) -> bool:
        """Whether the frame that begins with `mark` was among the last things read."""
        return mark in b"".join(self.pieces[-3:])


class Swarm:
    """All streams of one run."""

    def __init__(self, port: int, path: str, number: int) -> None:
        self._streams = [Stream(port, path) for _ in range(number)]
        self._by_fd = {stream.socket.fileno(): stream for stream in self._streams}
        self._poll = select.epoll()
        self._buffer = memoryview(bytearray(READ_BYTES))
        for fd in self._by_fd:
            self._poll.register(fd, select.EPOLLIN)

    def greeted(self, seconds: float) -> int:
        """Wait until every stream has its first frame; returns how many have."""
        deadline, waiting = time.monotonic() + seconds, set(self._streams)
        while waiting and time.monotonic() < deadline:
            for stream in self._read(0.1):
                stream.greeting = b"".join(stream.pieces)
                if GREETED in stream.greeting:
                    waiting.discard(stream)
        for stream in self._streams:
            stream.clear()
        return len(self._streams) - len(waiting)

    def watch(self, least_bytes: int, last: bytes, silence: float) -> int:
        """Read until every stream has the `last` frame or all are silent; returns how many have.

        A stream is not searched before it has `least_bytes`.
        """
        waiting, quiet_since = set(self._streams), time.monotonic()
        while waiting and time.monotonic() - quiet_since < silence:
            for stream in self._read(0.5):
                quiet_since = time.monotonic()
                if stream.size >= least_bytes and stream.ends_with(last):
                    waiting.discard(stream)
        return len(self._streams) - len(waiting)

    def _read(self, seconds: float) -> list[Stream]:
        """Read once from every stream that has something; returns those."""
        ready = list[Stream]()
        for fd, _ in self._poll.poll(seconds):
            stream = self._by_fd[fd]
            size = stream.socket.recv_into(self._buffer)
            if size:
                stream.times.append(time.monotonic_ns())
                stream.pieces.append(bytes(self._buffer[:size]))
                stream.size += size
                ready.append(stream)
            else:
                self._poll.unregister(fd)
        return ready

    def judge(self, first: int, published: Sequence[int]) -> Verdict:
        """Decode everything that was read."""
        verdict = Verdict()
        for stream in self._streams:
            pieces = zip(stream.times, stream.pieces, strict=True)
            verdict.add(Reader(stream.greeting), pieces, first, published)
        return verdict


def main() -> None:
    """Connect; watch one scenario; judge: one line in and one or two out for each."""
    order = _hear()
    began = time.monotonic()
    swarm = Swarm(order["port"], order["path"], order["number"])
    _tell(connected=swarm.greeted(order["seconds"]), seconds=time.monotonic() - began)
    order = _hear()
    _tell(watching=True)
    used = time.process_time()
    finished = swarm.watch(order["least_bytes"], order["last"].encode("ascii"), order["silence"])
    _tell(finished=finished, cpu_seconds=time.process_time() - used, at=time.monotonic_ns())
    order = _hear()
    verdict = asdict(swarm.judge(order["first"], order["published"]))
    latency = Latency.of(verdict.pop("waits"))
    _tell(**verdict, latency=asdict(latency))


def _hear() -> dict[str, Any]:
    line = sys.stdin.readline()
    if not line:
        raise SystemExit(0)
    return dict(json.loads(line))


def _tell(**message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
