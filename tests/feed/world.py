"""Small named fakes for the feed's tests: events by number, and a sink that can stall."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from hero_router.model import CONTROL_EVENTS, Event
from hero_router.position import Position
from hero_router.sse import Message, Parser
from hero_router.strict_json import encode

EPOCH = 1_000

MOST_QUESTIONS = 5_000
"""No test's hub asks one sink so often what waits there."""


def position(seq: int, epoch: int = EPOCH) -> Position:
    """The position of a numbered event."""
    return Position(epoch, seq)


def cursor(seq: int) -> str:
    """The same position as a client sends it."""
    return str(position(seq))


def event(seq: int, epoch: int = EPOCH, pad: int = 0) -> Event:
    """A numbered event; `pad` makes it larger by so many bytes."""
    record = {"id": f"s{seq}", "name": "n", "status": "healthy", "pad": "x" * pad}
    payload = {"service": record}
    return Event(
        position(seq, epoch), "service_updated", "node", f"s{seq}", payload, encode(payload)
    )


def events(first: int, last: int, epoch: int = EPOCH, pad: int = 0) -> list[Event]:
    """The events from one number to another."""
    return [event(seq, epoch, pad) for seq in range(first, last + 1)]


class OneByOne(ABC):
    """A sink that is offered several at once, as one that writes them one by one."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Take the bytes, or let them wait."""

    @abstractmethod
    def buffered(self) -> int:
        """How much waits."""

    def write_many(self, datas: Sequence[bytes]) -> int:
        """Take one after the other, as long as none waits; nothing is offered past what waits."""
        assert not self.buffered(), "an event is offered past bytes that wait"
        for number, data in enumerate(datas):
            self.write(data)
            if self.buffered():
                return number
        return len(datas)


class FakeSink(OneByOne):
    """A client's end: takes all bytes at once, or none while `stalled`; the test then calls
    `Hub.writable` itself."""

    def __init__(self) -> None:
        self.stalled, self._asked = False, 0
        self.calls: list[str] = []
        self._taken = b""
        self.waiting = b""
        self._parser = Parser()
        self.messages: list[Message] = []

    def write(self, data: bytes) -> None:
        """Take the bytes, or let them wait."""
        self.waiting += data
        if not self.stalled:
            self.take()

    def take(self, most: int | None = None) -> None:
        """Read what waits, or `most` bytes of it."""
        part = self.waiting if most is None else self.waiting[:most]
        self.waiting = self.waiting[len(part) :]
        self._taken += part
        self.messages += self._parser.feed(part)

    def buffered(self) -> int:
        """How much waits. Who asks without end would never come to an end."""
        self._asked += 1
        assert self._asked < MOST_QUESTIONS, "the hub goes round in circles"
        return len(self.waiting)

    def close(self) -> None:
        """Noted."""
        self.calls.append("end")

    def abort(self) -> None:
        """Noted."""
        self.calls.append("abort")

    @property
    def raw(self) -> bytes:
        """All bytes that were read."""
        return self._taken

    def names(self) -> list[str]:
        """The kinds of the messages so far."""
        return [message.event for message in self.messages]

    def seqs(self) -> list[int]:
        """The numbers of the events so far, without what a worker tells itself."""
        return [
            int(message.last_id.partition("-")[2])
            for message in self.messages
            if message.event not in CONTROL_EVENTS
        ]
