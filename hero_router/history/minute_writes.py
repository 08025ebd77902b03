"""Decides what the scanner writes into a service's rings after each minute.

The gap since the last written minute, hours and days, and a clock that was set back are part of
the decision, so the rings are right after any absence. Pure: no I/O, no clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hero_router.history.folding import (
    HOURS_OF_DAY,
    NOTHING,
    Cells,
    blank,
    days_of,
    held,
    hours_of,
    joined,
)
from hero_router.history.letters import BEFORE, LOST, UNKNOWN, known, worst
from hero_router.history.rings import DAYS, HOURS, MINUTES, Ring
from hero_router.history.transitions_and_incidents import Log, letters_by_minute

LONGEST_GAP = DAYS.size * DAYS.minutes
"""A longer absence leaves nothing of the rings, in minutes."""


class Span(NamedTuple):
    """The first and the last minute of a history."""

    since: int
    last: int


class Row(NamedTuple):
    """What was seen of a service in one minute: the worst letter, "" for none, and latencies."""

    letter: str
    figures: str = MINUTES.blank


class Patch(NamedTuple):
    """Buckets to write into a ring, from bucket `first` on."""

    ring: Ring
    first: int
    cells: Cells


@dataclass(frozen=True, slots=True)
class Kept:
    """What Redis has of a service's history, as needed to write the next minute.

    `minutes` are those of the hour of `anchor`, and `hours` those of its day, where `anchor` is the
    earlier of the last written minute and the minute before the one to write. `log` may be left
    empty if the scanner itself watched all minutes since the last one.
    """

    span: Span | None
    minutes: Cells = NOTHING
    hours: Cells = NOTHING
    log: Log = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The new span of a history, and what is to be written."""

    span: Span
    patches: tuple[Patch, ...]


def anchor(span: Span | None, minute: int) -> int:
    """The minute whose hour and day must be known, to write `minute`."""
    return minute - 1 if span is None else min(span.last, minute - 1)


def needs_log(span: Span | None, minute: int, begun: int) -> bool:
    """Whether transitions count: not all since the last written minute was this scanner's."""
    return begun >= minute or (span is not None and span.last != minute - 1)


def gap(first: int, end: int, begun: int, log: Log = ()) -> str:
    """The letters of minutes that nobody wrote, from `first` to before `end`.

    They are not known if a scanner was there: the first one, of which a part may have been watched,
    and those since this scanner began. In all others no scanner ran for the node. Trouble that the
    log tells of counts; that a service became healthy does not make such a minute healthy.
    """
    lost = min(end, begun) - first - 1  # less than 1: none
    letters = UNKNOWN * min(1, end - first) + LOST * lost
    letters = letters.ljust(end - first, UNKNOWN)
    told = letters_by_minute(log, first, end)
    if not told:
        return letters
    return "".join(
        worst(letter + told.get(minute, "")) for minute, letter in enumerate(letters, first)
    )


def write(kept: Kept, minute: int, row: Row, begun: int) -> Written:
    """The history after one more minute.

    `begun` is the minute in which this scanner took the node over. A minute that is written again,
    as after a restart or because the clock was set back, keeps its worse letter. Minutes after it,
    which the clock will reach again, are not known until then.
    """
    span = kept.span
    if span is not None and not -LONGEST_GAP < minute - span.last < LONGEST_GAP:
        kept = Kept(Span(span.since, minute - LONGEST_GAP), log=kept.log)
        span = kept.span
    since, last = (minute, minute - 1) if span is None else (min(span.since, minute), span.last)
    first = HOURS.number(anchor(span, minute)) * HOURS.minutes
    before = held(MINUTES, kept.minutes, range(first, min(last, minute - 1) + 1), last, since)
    missing = blank(MINUTES, gap(last + 1, minute, begun, kept.log))
    now = Cells(_letter(kept, minute, row, first), row.figures)
    minutes = joined((before, missing, now))
    hours = hours_of(minutes, first)
    hour = HOURS.number(first)
    midnight = hour // HOURS_OF_DAY * HOURS_OF_DAY
    earlier = range(midnight, hour)
    of_day = held(HOURS, kept.hours, earlier, HOURS.number(last), HOURS.number(since))
    days = days_of(joined((of_day, hours)), midnight)
    new = minutes.cut(min(last + 1, minute) - first, minute + 1 - first)
    patches = (
        *_patches(MINUTES, minute, new, last),
        *_patches(HOURS, HOURS.number(minute), hours, HOURS.number(last)),
        *_patches(DAYS, DAYS.number(minute), days, DAYS.number(last)),
    )
    return Written(Span(since, minute), patches)


def _letter(kept: Kept, minute: int, row: Row, first: int) -> str:
    """The letter of the minute: the worst that was seen, was written before, or is in the log."""
    told = letters_by_minute(kept.log, minute, minute + 1).get(minute, "")
    if kept.span is not None and kept.span.last - MINUTES.size < minute <= kept.span.last:
        told += known(kept.minutes.letters, minute + 1 - first)[-1].strip(UNKNOWN + BEFORE)
    return worst(row.letter + told) or UNKNOWN


def _patches(ring: Ring, now: int, new: Cells, last: int) -> Iterator[Patch]:
    """The buckets that end with number `now`, and blanks up to `last` if the clock was set back."""
    ahead = min(max(last - now, 0), ring.size - 1)
    cells = new.cut(max(len(new.letters) - (ring.size - ahead), 0), len(new.letters))
    yield Patch(ring, now + 1 - len(cells.letters), cells)
    if ahead:
        yield Patch(ring, now + 1, blank(ring, UNKNOWN * ahead))
