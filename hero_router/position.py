"""A position in the stream of events: `<epoch>-<seq>`, the same id in Redis and in SSE."""

import re
from typing import NamedTuple, Self

_FORM = re.compile(r"(0|[1-9][0-9]{0,19})-(0|[1-9][0-9]{0,19})", re.ASCII)
_LIMIT = 2**64
"""Redis keeps each half of an id in 64 bits; another program may use all of them."""


class Position(NamedTuple):
    """The id of one event: `seq` counts 1, 2, 3 … in an `epoch`; later epochs are larger.

    Positions sort in the order in which the events happened.
    """

    epoch: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Parse `<epoch>-<seq>`; None if the text is no position. Clients may send any text."""
        match = _FORM.fullmatch(text)
        if match is None:
            return None
        epoch, seq = int(match[1]), int(match[2])
        return cls(epoch, seq) if epoch < _LIMIT and seq < _LIMIT else None

    def next(self) -> "Position":
        """The position right after this one in the same epoch."""
        return Position(self.epoch, self.seq + 1)

    def before(self) -> "Position":
        """The position right before this one in the same epoch; that of seq 1 is seq 0."""
        return Position(self.epoch, max(self.seq - 1, 0))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"


ORIGIN = Position(0, 0)
"""The newest position of a stream that has never had an event."""
