"""Reads the history of a service over one span of time: bars, availability and latencies.

The same letters give the bars, the numbers and the sentences. Pure: no I/O, no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from hero_router.history.base62 import LATENCIES, latency_ms, median_and_p95, total
from hero_router.history.folding import Cells, blank, held
from hero_router.history.letters import BEFORE, UP, WATCHED, count, worst
from hero_router.history.minute_writes import Span, gap
from hero_router.history.rings import DAYS, HOURS, MINUTE_MS, MINUTES, Ring

WRITING_MS = 15_000
"""The scanner has so long to write a minute, until readers count it."""


@dataclass(frozen=True, slots=True)
class View:
    """A span of time that can be asked for: `buckets` bars, each of `group` buckets of `ring`."""

    name: str
    ring: Ring
    group: int
    buckets: int

    @property
    def minutes(self) -> int:
        """The length of one bar in minutes."""
        return self.ring.minutes * self.group

    def first(self, end: int) -> int:
        """The number of the first bucket of the ring, where `end` is the minute after the last."""
        return ((end - 1) // self.minutes - self.buckets + 1) * self.group

    def count(self, end: int) -> int:
        """How many buckets of the ring the span has so far."""
        return self.ring.number(end - 1) + 1 - self.first(end)


VIEWS: Mapping[str, View] = {
    view.name: view
    for view in (
        View("1h", MINUTES, 1, 60),
        View("1d", MINUTES, 15, 96),
        View("30d", HOURS, 6, 120),
        View("1y", DAYS, 1, 365),
    )
}

DEFAULT_SPAN = "1h"


class Availability(NamedTuple):
    """Minutes in which the service was up all the time, that a scanner watched, and all."""

    up: int
    watched: int
    minutes: int


class Past(NamedTuple):
    """One service over one span: a letter for each bar, and the counted minutes."""

    bars: str
    availability: Availability


class Latencies(NamedTuple):
    """The latencies of each bar in ms, None where no probe was answered."""

    median: list[float | None]
    p95: list[float | None]


def end_minute(now_ms: int) -> int:
    """The minute after the newest one that readers count."""
    return (now_ms - WRITING_MS) // MINUTE_MS


def whole(view: View, end: int, span: Span | None, cells: Cells, *, lost: bool) -> Cells:
    """The ring's buckets of a view, up to `end`; `cells` are those from `view.first(end)` on.

    Minutes that the scanner has not written are added. `lost`: the node has no scanner now.
    """
    ring, first, length = view.ring, view.first(end), view.count(end)
    if span is None:
        return blank(ring, BEFORE * length)
    last = ring.number(span.last)
    numbers = range(first, first + length)
    found = held(ring, cells, numbers, last, ring.number(span.since))
    written = found.cut(0, max(last + 1 - first, 0))
    begin = max(span.last + 1, first * ring.minutes)
    missing = _missing(ring, begin, end, lost, begin == span.last + 1)
    shared = bool(missing) and ring.number(begin) == last  # a bucket that is written in part
    letters = written.letters
    if shared:
        letters = letters[:-1] + worst(letters[-1] + missing[0])
    letters += missing[shared:]
    blanks = ring.blank * (len(letters) - len(written.letters))
    return Cells(letters, written.figures + blanks)


@lru_cache(maxsize=64)
def _missing(ring: Ring, begin: int, end: int, lost: bool, whole: bool) -> str:
    """The letters of a ring's buckets from minute `begin` to before `end`, which nobody wrote.

    `whole`: the gap begins with `begin`; else it began earlier.
    """
    start = begin if whole else begin - 1
    letters = gap(start, end, end if lost else start)[begin - start :]
    minutes = Cells(letters, "").groups(ring.minutes, begin)
    return "".join(worst(each.letters) for each in minutes)


def past(view: View, end: int, span: Span | None, cells: Cells) -> Past:
    """A service's past; `cells` are `whole`."""
    if span is None:
        return Past(BEFORE * view.buckets, Availability(0, 0, 0))
    letters, figures = cells
    begin = max(view.first(end) * view.ring.minutes, span.since)
    if view.ring is MINUTES:
        up, watched = count(letters, UP), count(letters, WATCHED)
    else:
        rest = -end % view.ring.minutes  # the counts of the last hour have its newest minutes
        end = max(end, min(span.last + 1, end + rest))
        digits = (view.ring.width - LATENCIES) // 2
        up = total(figures, 0, digits, view.ring.width)
        watched = total(figures, digits, digits, view.ring.width)
    minutes = max(end - begin, 0)
    bars = letters if view.group == 1 else _folded(letters, view.group)
    return Past(bars, Availability(up, watched, minutes))


def latencies(view: View, end: int, cells: Cells) -> Latencies:
    """Median and 95th percentile of each bar in ms; `cells` are `whole`."""
    width = view.ring.width
    if view.group == 1:
        codes = cells.figures[width - 2 :: width], cells.figures[width - 1 :: width]
        return Latencies(*([latency_ms(code) for code in each] for each in codes))
    medians, p95s = [], []
    for _, figures in cells.groups(view.group, view.first(end)):
        both = median_and_p95(figures[width - 2 :: width], figures[width - 1 :: width])
        medians.append(latency_ms(both[0]))
        p95s.append(latency_ms(both[1]))
    return Latencies(medians, p95s)


@lru_cache(maxsize=1024)  # many services have the same past
def _folded(letters: str, group: int) -> str:
    """The letters of bars; the first bar begins with the first letter."""
    return "".join(worst(letters[at : at + group]) for at in range(0, len(letters), group))
