"""Reads thousands of streams that reconnect with their positions, and judges them as it reads.

One lean process, as `benchmarks.load.client`. A stream here keeps no bytes: only its last position,
the counts of lost, doubled and missed events, and its longest silence.
"""

import errno
import itertools
import json
import re
import select
import socket
import sys
import time
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any, NamedTuple

from benchmarks.load.state_fetch import Fetch, summed
from benchmarks.load.wire import Dechunker, Plain

READ_BYTES = 256 * 1024
READS = 64
"""How many streams are read before the next ones are opened."""

AGAIN_SECONDS = 0.05
"""Pause after a connection that was refused or closed without a word."""

_FRAME = re.compile(rb"id: (\d+-(\d+))\nevent: (\w+)")
_RETRY = re.compile(rb"(?:^|\n)retry: (\d+)\n")
_RESYNC = re.compile(rb"event: resync\ndata: \{[^\n]*\"after_ms\":(\d+)")


class Found(NamedTuple):
    """Position, number and name of each frame in whole frames, and the last pauses asked for."""

    frames: Sequence[tuple[bytes, bytes, bytes]] = ()
    retry_ms: int | None = None
    after_ms: int | None = None

    @classmethod
    def of(cls, frames: bytes) -> "Found":
        """Read whole frames."""
        retries, resyncs = _RETRY.findall(frames), _RESYNC.findall(frames)
        return cls(
            _FRAME.findall(frames),
            int(retries[-1]) if retries else None,
            int(resyncs[-1]) if resyncs else None,
        )


NOTHING = Found()
MEMO = dict[bytes, Found]()
MOST_MEMO = 1_000


class Stream:
    """One client with its position. `pause` is the last `retry:` of the server, in seconds.

    `after` is when, from now on, it is to fetch the whole state: None when there is no need.
    """

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.position, self.seq = b"", 0
        self.lost = self.doubled = self.resyncs = self.events = self.comebacks = 0
        self.pause = self.longest = 0.0
        self.after: float | None = None
        self.live = False
        self.read_at = time.monotonic()

    def begin(self, connection: socket.socket) -> None:
        """A new connection: nothing of the old one counts but the position."""
        self.socket, self.live = connection, False
        self._head, self._rest = b"", b""
        self._decode: Dechunker | Plain | None = None

    def request(self, port: int) -> bytes:
        """What it asks. A proxy would keep the connection open after the answer's last chunk."""
        place = b"Last-Event-ID: %b\r\n" % self.position if self.position else b""
        head = b"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n%b\r\n"
        return head % (port, place)

    def feed(self, data: bytes, now: float) -> None:
        """Take what was read."""
        if self._decode is None:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            chunked = b"transfer-encoding: chunked" in head.lower()
            self._decode = Dechunker() if chunked else Plain()
        found = self._found(self._decode, data)
        for position, seq, event in found.frames:
            self._take(position, seq, event, now)
        if found.retry_ms is not None:
            self.pause = found.retry_ms / 1000
        if found.after_ms is not None:
            self.after = found.after_ms / 1000

    def _found(self, decode: Dechunker | Plain, data: bytes) -> Found:
        """What is in a piece; a server sends many clients the same bytes, which are read once."""
        clean = decode.clean and not self._rest
        if clean and data in MEMO:
            return MEMO[data]
        body = self._rest + decode(data)
        end = body.rfind(b"\n\n") + 2
        self._rest = body[end:] if end >= 2 else body
        found = Found.of(body[:end]) if end >= 2 else NOTHING
        if clean and decode.clean and not self._rest:
            if len(MEMO) >= MOST_MEMO:
                MEMO.clear()
            MEMO[data] = found
        return found

    def _take(self, position: bytes, seq: bytes, event: bytes, now: float) -> None:
        if not self.live:
            self.live, first = True, not self.position
            self.comebacks += not first
            if first:
                self.position, self.seq = position, int(seq)
        self._note(position, int(seq), event)
        self.longest = max(self.longest, now - self.read_at)
        self.read_at = now

    def _note(self, position: bytes, seq: int, event: bytes) -> None:
        """Events are dense; a resync may leave some out; nothing else may move the position."""
        if event == b"resync":
            self.resyncs += 1
        elif event in {b"hello", b"ping"}:
            self.lost += max(seq - self.seq, 0)
            return
        else:
            self.events += 1
            self.doubled += seq <= self.seq
            self.lost += max(seq - self.seq - 1, 0)
        self.position, self.seq = position, max(seq, self.seq)


class Roamers:
    """All streams. `pause` is how long to wait after a loss, in seconds; None: as `retry:` says.

    After a resync each fetches the whole state, after the `after_ms` of the resync.
    """

    def __init__(self, port: int, number: int, pause: float | None) -> None:
        self._port, self._pause = port, pause
        self._streams = [Stream() for _ in range(number)]
        self._fetches = list[Fetch]()
        self._by_fd = dict[int, Stream | Fetch]()
        self._due, self._turns = list[tuple[float, int, Stream | Fetch]](), itertools.count()
        self._poll = select.epoll()
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        for index, stream in enumerate(self._streams):
            self._plan(stream, index / 5000)

    def run(self) -> None:
        """Read and come back until stdin ends; each line on it is answered with the sums.

        With `forget` in it, silences are counted anew from then on.
        """
        while True:
            self._open_due()
            for fd, what in self._poll.poll(0.02 if self._due else 0.5, READS):
                if fd == sys.stdin.fileno():
                    if not (line := sys.stdin.readline()):
                        return
                    _answer(**self.sums())
                    if "forget" in json.loads(line):
                        self._forget()
                elif what & select.EPOLLOUT:
                    self._ask(self._by_fd[fd])
                else:
                    self._read(self._by_fd[fd])

    def _plan(self, item: Stream | Fetch, seconds: float) -> None:
        heappush(self._due, (time.monotonic() + seconds, next(self._turns), item))

    def _open_due(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            item = heappop(self._due)[2]
            connection = socket.socket()
            connection.setblocking(False)
            code = connection.connect_ex(("127.0.0.1", self._port))
            assert code in {0, errno.EINPROGRESS}, errno.errorcode[code]
            item.begin(connection)
            self._by_fd[connection.fileno()] = item
            self._poll.register(connection.fileno(), select.EPOLLOUT)

    def _ask(self, item: Stream | Fetch) -> None:
        assert item.socket is not None
        try:
            item.socket.send(item.request(self._port))
        except OSError:
            self._lose(item)
        else:
            self._poll.modify(item.socket.fileno(), select.EPOLLIN)

    def _read(self, item: Stream | Fetch) -> None:
        assert item.socket is not None
        try:
            size = item.socket.recv_into(self._buffer)
        except OSError:
            size = 0
        if size:
            item.feed(bytes(self._buffer[:size]), time.monotonic())
            self._fetch_for(item)
        else:
            self._lose(item)

    def _fetch_for(self, item: Stream | Fetch) -> None:
        if isinstance(item, Stream) and item.after is not None:
            self._plan(Fetch(), item.after)
            item.after = None

    def _lose(self, item: Stream | Fetch) -> None:
        assert item.socket is not None
        fd = item.socket.fileno()
        self._poll.unregister(fd)
        del self._by_fd[fd]
        item.socket.close()
        if isinstance(item, Fetch):
            item.end(time.monotonic())
            self._fetches.append(item)
        else:
            self._come_back(item)

    def _come_back(self, stream: Stream) -> None:
        pause = stream.pause if self._pause is None else self._pause
        if not stream.live:
            pause = max(pause, AGAIN_SECONDS)
        stream.live = False
        self._plan(stream, pause)

    def _forget(self) -> None:
        for stream in self._streams:
            stream.longest = 0.0

    def sums(self) -> dict[str, Any]:
        """What all have seen so far; silences in order."""
        names = ("lost", "doubled", "resyncs", "events", "comebacks")
        silences = sorted(stream.longest for stream in self._streams)
        return {
            **{name: sum(getattr(stream, name) for stream in self._streams) for name in names},
            "live": sum(stream.live for stream in self._streams),
            "least_seq": min(stream.seq for stream in self._streams),
            "silence_p50": silences[len(silences) // 2],
            "silence_p99": silences[len(silences) * 99 // 100],
            "silence_most": silences[-1],
            **summed(self._fetches),
        }


def _answer(**message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    order = json.loads(sys.stdin.readline())
    _answer(ready=True)  # what is sent before would hide in the buffer of stdin
    Roamers(order["port"], order["number"], order["pause"]).run()
