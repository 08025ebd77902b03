"""What one client read, decoded after the run: chunked coding undone, events found. Pure bytes."""

import re

_EVENT = re.compile(rb"id: \d+-(\d+)\nevent: (\w+)\n")
_TOLD = frozenset({b"hello", b"ping", b"resync"})
"""Frames with a position that are not events of the stream."""


class Dechunker:
    """Undoes chunked transfer coding (RFC 9112, section 7.1), whatever the pieces."""

    def __init__(self) -> None:
        self._rest, self._left = b"", 0

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


class Reader:
    """Finds the events in one client's stream; `head` is the head of the HTTP response."""

    def __init__(self, head: bytes) -> None:
        chunked = b"transfer-encoding: chunked" in head.lower()
        self._decode = Dechunker() if chunked else bytes
        self._rest = b""
        self.resyncs = 0

    def __call__(self, piece: bytes) -> list[int]:
        """The numbers (`seq`) of the events that are complete with this piece."""
        data = self._rest + self._decode(piece)
        end = data.rfind(b"\n\n") + 2
        if end < 2:
            self._rest = data
            return []
        self._rest = data[end:]
        found: list[tuple[bytes, bytes]] = _EVENT.findall(data, 0, end)
        self.resyncs += sum(name == b"resync" for _, name in found)
        return [int(seq) for seq, name in found if name not in _TOLD]
