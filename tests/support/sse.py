"""Reads an event stream as a browser does: WHATWG HTML, 9.2.6, word by word; the tests' oracle."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dispatched:
    """One event as a page gets it."""

    type: str
    data: str
    last_event_id: str


class Browser:
    """An EventSource's reading side: takes all bytes of a stream at once, keeps its state."""

    def __init__(self) -> None:
        self.last_event_id = ""
        self.reconnection_ms: int | None = None
        self._id = self._type = self._data = ""

    def read(self, stream: bytes) -> list[Dispatched]:
        """The events that a whole stream dispatches."""
        text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        # What follows the last line end is no line yet: the stream ended inside it.
        found = [self._process(line) for line in lines[:-1]]
        return [event for event in found if event is not None]

    def _process(self, line: str) -> Dispatched | None:
        if line == "":
            return self._dispatch()
        if line.startswith(":"):
            return None
        field, _, value = line.partition(":")
        self._set(field, value.removeprefix(" "))
        return None

    def _set(self, field: str, value: str) -> None:
        if field == "event":
            self._type = value
        elif field == "data":
            self._data += value + "\n"
        elif field == "id" and "\0" not in value:
            self._id = value
        elif field == "retry" and value and all(char in "0123456789" for char in value):
            self.reconnection_ms = int(value)

    def _dispatch(self) -> Dispatched | None:
        self.last_event_id = self._id
        kind, data = self._type or "message", self._data
        self._type = self._data = ""
        if not data:
            return None
        return Dispatched(kind, data.removesuffix("\n"), self.last_event_id)
