"""Writes and parses Server-Sent Events (WHATWG HTML, section 9.2). Pure: no I/O, no clock.

Data is always one line of ASCII JSON, and event names are fixed, so no CR, LF or NUL can break a
field.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hero_router.position import Position
from hero_router.strict_json import encode

HEADERS: Mapping[str, str] = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


def frame(
    event: str, data: object, *, position: Position | None = None, retry_ms: int | None = None
) -> bytes:
    """One SSE frame: optional `retry:` and `id:`, then the event's name and its JSON data."""
    return frame_text(event, encode(data), position=position, retry_ms=retry_ms)


def frame_text(
    event: str, data: str, *, position: Position | None = None, retry_ms: int | None = None
) -> bytes:
    """Like `frame`, for data that is one line of ASCII JSON already.

    Raises:
        ValueError: if the name or the data would break the frame.
    """
    if not (event.isascii() and event.isidentifier()):
        raise ValueError(f"not an event name: {event!r}")
    if not data.isascii() or "\n" in data or "\r" in data or "\0" in data:
        raise ValueError("data is not one line of ASCII")
    retry = "" if retry_ms is None else f"retry: {retry_ms}\n"
    last_id = "" if position is None else f"id: {position}\n"
    return f"{retry}{last_id}event: {event}\ndata: {data}\n\n".encode("ascii")


def retry(milliseconds: int) -> bytes:
    """An SSE frame that only sets the client's reconnect delay; it is no event."""
    return f"retry: {milliseconds}\n\n".encode("ascii")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a client receives it; `last_id` is the position to resume from, "" if none."""

    event: str
    data: str
    last_id: str
    retry_ms: int | None


class Parser:
    """Parses an SSE stream that arrives in pieces (WHATWG HTML, section 9.2.6)."""

    def __init__(self, last_id: str = "") -> None:
        self._rest, self._last_id = list[bytes](), last_id
        self._event, self._data = "", list[str]()
        self._retry_ms: int | None = None

    @property
    def retry_ms(self) -> int | None:
        """The stream's last `retry:` in ms, also one without a message; None before the first."""
        return self._retry_ms

    def feed(self, data: bytes) -> Iterator[Message]:
        """Add received bytes; yields the messages that are complete now.

        A CR at the very end is kept until more bytes arrive: it may be half of a CRLF. A long line
        that arrives in many pieces is joined once.
        """
        waits = self._rest and self._rest[-1].endswith(b"\r")
        self._rest.append(data)
        if not waits and _LINE_END.search(data) is None:
            return
        held = b"".join(self._rest)
        lines = _LINE_END.split(held)
        rest = lines.pop()
        if rest == b"" and held.endswith(b"\r"):
            rest = lines.pop() + b"\r"
        self._rest = [rest]
        for line in lines:
            if (message := self._line(line.decode("utf-8", "replace"))) is not None:
                yield message

    def _line(self, line: str) -> Message | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._last_id = value
        elif name == "retry" and _RETRY.fullmatch(value):
            self._retry_ms = int(value)
        return None

    def _dispatch(self) -> Message | None:
        event, data = self._event or "message", self._data
        self._event, self._data = "", []
        if not data:
            return None
        return Message(event, "\n".join(data), self._last_id, self._retry_ms)


_RETRY = re.compile(r"[0-9]{1,9}")
_LINE_END = re.compile(rb"\r\n|\n|\r")
