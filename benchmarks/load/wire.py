"""Finds the events in the bytes that one client read, chunked or not. Pure."""

import re
from dataclasses import dataclass

_EVENT = re.compile(rb"id: \d+-(\d+)\nevent: (\w+)\n")
_CONTROL = frozenset({b"hello", b"ping", b"resync", b"conflated"})
"""Frames with a position that are not events of the stream."""

_DROPPED = re.compile(rb"event: resync\ndata: \{\"dropped\":(\d+)")
_CHANGED = re.compile(rb"\"changed_at\":(\d+)")
"""Where a server gives ids of its own, the event's number is in its data."""


class Dechunker:
    """Undoes chunked transfer coding (RFC 9112, section 7.1), however it is cut into pieces."""

    def __init__(self) -> None:
        self._rest, self._left = b"", 0

    @property
    def clean(self) -> bool:
        """Whether a chunk begins next."""
        return not self._rest and not self._left

    def __call__(self, piece: bytes) -> bytes:
        """The payload in the next piece."""
        data, at, payload = self._rest + piece, 0, list[bytes]()
        while at < len(data):
            if self._left:
                part = data[at : at + self._left]
                payload.append(part[: max(self._left - 2, 0)])
                at, self._left = at + len(part), self._left - len(part)
                continue
            end = data.find(b"\r\n", at)
            if end < 0:
                break
            at, self._left = end + 2, int(data[at:end], 16) + 2
        self._rest = data[at:]
        return b"".join(payload)


class Plain:
    """A body without chunked coding, as a decoder."""

    clean = True

    def __call__(self, piece: bytes) -> bytes:
        """The same."""
        return piece


@dataclass(frozen=True, slots=True)
class Found:
    """The events' numbers in a piece, its resyncs, and how many events these report as missed."""

    numbers: tuple[int, ...] = ()
    resyncs: int = 0
    missed: int = 0


NOTHING = Found()
Memo = dict[bytes, Found]
"""What was found in pieces that are whole frames: a server sends many clients the same bytes."""


class Reader:
    """Finds the events in one client's stream; `head` is the head of the HTTP response.

    `since` is given where the numbers are in the data: that of an event is its time less `since`.
    """

    def __init__(self, head: bytes, memo: Memo, since: int | None = None) -> None:
        chunked = b"transfer-encoding: chunked" in head.lower()
        self._decode = Dechunker() if chunked else Plain()
        self._rest, self._memo, self._since = b"", memo, since

    @property
    def _clean(self) -> bool:
        return not self._rest and self._decode.clean

    def __call__(self, piece: bytes) -> Found:
        """What is complete with this piece."""
        clean = self._clean
        if clean and piece in self._memo:
            return self._memo[piece]
        found = self._find(piece)
        if clean and self._clean:
            self._memo[piece] = found
        return found

    def _find(self, piece: bytes) -> Found:
        data = self._rest + self._decode(piece)
        end = data.rfind(b"\n\n") + 2
        if end < 2:
            self._rest = data
            return NOTHING
        self._rest = data[end:]
        if self._since is not None:
            return Found(tuple(int(at) - self._since for at in _CHANGED.findall(data, 0, end)))
        events: list[tuple[bytes, bytes]] = _EVENT.findall(data, 0, end)
        numbers = tuple(int(seq) for seq, name in events if name not in _CONTROL)
        resyncs = sum(name == b"resync" for _, name in events)
        missed = sum(map(int, _DROPPED.findall(data, 0, end))) if resyncs else 0
        return Found(numbers, resyncs, missed)
