"""The ring buffers of a service's history: where the minute, hour or day of a time is stored.

Times are Unix minutes. A bucket's number is its time divided by its length, and its place in the
ring is that number modulo the ring's size. So a new bucket overwrites the oldest one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

MINUTE_MS = 60_000


def minute_of(unix_ms: int) -> int:
    """The Unix minute of a time."""
    return unix_ms // MINUTE_MS


@dataclass(frozen=True, slots=True)
class Ring:
    """One ring: `size` buckets of `minutes` each.

    A bucket has one letter in the string `name`. In the string `<name>:figures` it has characters
    like those of `blank`, an empty bucket (see `base62`).
    """

    name: str
    size: int
    minutes: int
    blank: str

    @property
    def width(self) -> int:
        """How many characters of figures a bucket has."""
        return len(self.blank)

    def number(self, minute: int) -> int:
        """The number of the bucket that holds a minute."""
        return minute // self.minutes

    def pieces(self, first: int, count: int) -> Iterator[tuple[int, int, int]]:
        """The buckets from number `first` as one or two pieces: place, begin and end in the range.

        `count` is `size` at most.
        """
        place = first % self.size
        split = min(count, self.size - place)
        yield place, 0, split
        if split < count:
            yield 0, split, count


MINUTES = Ring("minutes", 1440, 1, "--")
HOURS = Ring("hours", 720, 60, "00--")
DAYS = Ring("days", 365, 1440, "0000--")
RINGS = (MINUTES, HOURS, DAYS)
