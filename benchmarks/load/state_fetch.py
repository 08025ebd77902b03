"""One request for the whole state, as a page makes it after a resync; and the sums of many."""

import re
import socket
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

HEAD_BYTES = 4096
SLOT_SECONDS = 0.1

_ETAG = re.compile(rb"\r\netag: ([^\r]+)\r\n", re.IGNORECASE)


class Fetch:
    """`GET /api/services`, until the server closes. `tag` names the content, "" for no answer."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.began = self.took = 0.0
        self.tag = b""
        self._head = b""

    def begin(self, connection: socket.socket) -> None:
        """The connection is being made."""
        self.socket, self.began = connection, time.monotonic()

    @staticmethod
    def request(port: int) -> bytes:
        """What it asks."""
        head = b"GET /api/services HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n"
        return head % port

    def feed(self, data: bytes, _: float) -> None:
        """Keep the head only."""
        self._head += data[: HEAD_BYTES - len(self._head)]

    def end(self, now: float) -> None:
        """All is read."""
        self.took = now - self.began
        found = _ETAG.search(self._head) if b" 200 " in self._head[:16] else None
        self.tag, self._head = found[1] if found else b"", b""


def summed(fetches: Sequence[Fetch]) -> dict[str, Any]:
    """How many there were, how they came in and what they got."""
    slots = Counter(int(item.began / SLOT_SECONDS) for item in fetches)
    times = sorted(item.took for item in fetches)
    return {
        "fetches": len(fetches),
        "fetches_failed": sum(not item.tag for item in fetches),
        "snapshots": len({item.tag for item in fetches if item.tag}),
        "fetches_a_second_most": max(slots.values(), default=0) / SLOT_SECONDS,
        "fetch_p99": times[len(times) * 99 // 100] if times else 0.0,
        "fetch_span": max((i.began for i in fetches), default=0.0)
        - min((i.began for i in fetches), default=0.0),
    }
