"""Summarises minutes of the history as hours, and hours as days."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from hero_router.history.base62 import median_and_p95, number, total
from hero_router.history.letters import BEFORE, UNKNOWN, UP, WATCHED, count, known, worst
from hero_router.history.rings import HOURS, MINUTES, Ring

HOURS_OF_DAY = 24


class Cells(NamedTuple):
    """Buckets in a row: one letter each, and the figures of each one after the other."""

    letters: str
    figures: str

    def cut(self, begin: int, end: int) -> "Cells":
        """The buckets from `begin` to `end`, counted from the first."""
        width = len(self.figures) // len(self.letters) if self.letters else 0
        return Cells(self.letters[begin:end], self.figures[begin * width : end * width])

    def groups(self, size: int, first: int) -> Iterator["Cells"]:
        """Groups that end at each number divisible by `size`; `first` is the first's number."""
        begin = 0
        while begin < len(self.letters):
            end = begin + size - (first + begin) % size
            yield self.cut(begin, end)
            begin = end


NOTHING = Cells("", "")


def blank(ring: Ring, letters: str) -> Cells:
    """Buckets of a ring with these letters, and without figures."""
    return Cells(letters, ring.blank * len(letters))


def joined(parts: Iterable[Cells]) -> Cells:
    """All these buckets in a row."""
    kept = list(parts)
    return Cells("".join(each.letters for each in kept), "".join(each.figures for each in kept))


def held(ring: Ring, cells: Cells, numbers: range, last: int, since: int) -> Cells:
    """The buckets of these numbers as Redis has them; `cells` begins with the first of them.

    A bucket that a later one has overwritten is not known, up to the last one, with number `last`.
    Before number `since` there is no history.
    """
    length = len(numbers)
    found = min(len(cells.figures) // ring.width, length)
    figures = cells.figures[: found * ring.width] + ring.blank * (length - found)
    begin = min(max(last - ring.size + 1 - numbers.start, 0), length)
    letters = UNKNOWN * begin + known(cells.letters, length)[begin:]
    figures = ring.blank * begin + figures[begin * ring.width :]
    none = min(max(since - numbers.start, 0), length)
    return Cells(BEFORE * none + letters[none:], ring.blank * none + figures[none * ring.width :])


@lru_cache(maxsize=4096)  # most hours of most services are alike
def fold_minutes(minutes: Cells) -> Cells:
    """One hour from its minutes."""
    letters, figures = minutes
    counts = number(count(letters, UP), 1) + number(count(letters, WATCHED), 1)
    return Cells(worst(letters), counts + _latencies(figures, MINUTES))


def fold_hours(hours: Cells) -> Cells:
    """One day from its hours."""
    letters, figures = hours
    counts = number(total(figures, 0, 1, HOURS.width), 2)
    counts += number(total(figures, 1, 1, HOURS.width), 2)
    return Cells(worst(letters), counts + _latencies(figures, HOURS))


def hours_of(minutes: Cells, first: int) -> Cells:
    """Hours from minutes; `first` is the number of the first minute, which begins an hour."""
    return joined(map(fold_minutes, minutes.groups(HOURS.minutes, first)))


def days_of(hours: Cells, first: int) -> Cells:
    """Days from hours; `first` is the number of the first hour, which begins a day."""
    return joined(map(fold_hours, hours.groups(HOURS_OF_DAY, first)))


def _latencies(figures: str, ring: Ring) -> str:
    """Median and 95th percentile stand last among the figures of every bucket."""
    return median_and_p95(
        figures[ring.width - 2 :: ring.width], figures[ring.width - 1 :: ring.width]
    )
