"""Rings in memory as Redis holds them, and a naive account of the same minutes to compare with."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hero_router.history.folding import Cells
from hero_router.history.letters import BEST_TO_WORST, OF_STATUS, UP, WATCHED
from hero_router.history.minute_writes import Kept, Row, Span, anchor, needs_log, write
from hero_router.history.rings import DAYS, HOURS, MINUTE_MS, MINUTES, RINGS, Ring
from hero_router.history.span_summary import VIEWS, Past, View, past, whole
from hero_router.history.transitions_and_incidents import Log, Transition


@dataclass
class MemoryRings:
    """One service's history as Redis holds it."""

    letters: dict[str, str] = field(
        default_factory=lambda: {ring.name: "-" * ring.size for ring in RINGS}
    )
    figures: dict[str, str] = field(
        default_factory=lambda: {ring.name: ring.blank * ring.size for ring in RINGS}
    )
    span: Span | None = None
    log: list[Transition] = field(default_factory=list)

    def put(self, ring: Ring, first: int, cells: Cells) -> None:
        """Overwrite buckets, as SETRANGE does."""
        for place, begin, end in ring.pieces(first, len(cells.letters)):
            letters, figures = cells.cut(begin, end)
            row, text, width = self.letters[ring.name], self.figures[ring.name], ring.width
            after = place + len(letters)
            self.letters[ring.name] = row[:place] + letters + row[after:]
            self.figures[ring.name] = text[: place * width] + figures + text[after * width :]

    def get(self, ring: Ring, first: int, count: int) -> Cells:
        """Read buckets, as GETRANGE does."""
        places = [number % ring.size for number in range(first, first + count)]
        row, text, width = self.letters[ring.name], self.figures[ring.name], ring.width
        return Cells(
            "".join(row[place] for place in places),
            "".join(text[place * width : (place + 1) * width] for place in places),
        )

    def write(self, minute: int, row: Row, begun: int) -> None:
        """One minute, as the store writes it."""
        at = anchor(self.span, minute)
        log: Log = tuple(self.log) if needs_log(self.span, minute, begun) else ()
        kept = Kept(
            self.span,
            self.get(MINUTES, at // 60 * 60, 61),
            self.get(HOURS, at // 1440 * 24, 24),
            log,
        )
        written = write(kept, minute, row, begun)
        for ring, first, cells in written.patches:
            assert 0 < len(cells.letters) <= ring.size
            assert len(cells.figures) == len(cells.letters) * ring.width
            self.put(ring, first, cells)
        self.span = written.span

    def past(self, view: View, end: int, *, lost: bool = False) -> Past:
        """The service's past, as a worker reads it."""
        cells = self.get(view.ring, view.first(end), view.count(end))
        return past(view, end, self.span, whole(view, end, self.span, cells, lost=lost))


@dataclass
class Account:
    """The same minutes, each with its letter, in a list without an end."""

    minutes: dict[int, str] = field(default_factory=dict)
    since: int | None = None
    last: int = -1
    overwritten: int = -1
    """Up to this minute the ring of minutes is overwritten, which a clock set back shows."""

    def write(self, minute: int, seen: Iterable[str], begun: int, told: dict[int, str]) -> None:
        """One more minute that a scanner writes; `told` are the letters in its log."""
        if self.since is None:
            self.since, self.last = minute, minute - 1
        self.since = min(self.since, minute)
        if minute < self.last:
            self.overwritten = max(self.overwritten, self.last - MINUTES.size)
        for missing in range(self.last + 1, minute):
            somebody = missing == self.last + 1 or missing >= begun
            self.minutes[missing] = worst(told.get(missing, "") + ("?" if somebody else "l"))
        old = self.minutes.get(minute, "").replace("?", "")
        logged = told.get(minute, "") if begun >= minute or self.last != minute - 1 else ""
        self.minutes[minute] = worst([*seen, *old, *logged]) or "?"
        for relived in range(minute + 1, self.last + 1):
            self.minutes.pop(relived, None)
        self.last = minute

    def letter(self, minute: int, view: View, *, lost: bool) -> str:
        """The letter of any minute, also after the last one that was written."""
        if self.since is None or minute < self.since:
            return "-"
        if view.ring is MINUTES and minute <= self.overwritten:
            return "?"
        if minute <= self.last:
            return self.minutes[minute]
        return "l" if lost and minute > self.last + 1 else "?"

    def past(self, view: View, end: int, *, lost: bool) -> tuple[str, int, int, int]:
        """Bars, and the minutes up, watched and in all, counted one by one."""
        begin = ((end - 1) // view.minutes - view.buckets + 1) * view.minutes
        none = 0 if self.since is None else max(self.since - begin, 0) // view.minutes
        begin += none * view.minutes  # only for speed
        letters = [self.letter(minute, view, lost=lost) for minute in range(begin, end)]
        bars = "-" * none + "".join(
            worst(letters[place : place + view.minutes])
            for place in range(0, len(letters), view.minutes)
        )
        return (
            bars,
            sum(letter in UP for letter in letters),
            sum(letter in WATCHED for letter in letters),
            sum(letter != "-" for letter in letters),
        )


def worst(letters: Iterable[str]) -> str:
    """The worst letter, by the order that is documented."""
    return max(letters, key=BEST_TO_WORST.index, default="")


def told(log: Iterable[Transition]) -> dict[int, str]:
    """What the log says of each minute, one transition after the other."""
    found: dict[int, str] = {}
    for each in log:
        minute = each.at // MINUTE_MS
        found[minute] = (
            found.get(minute, "") + OF_STATUS[each.before or "healthy"] + OF_STATUS[each.to]
        )
    return found


def all_views() -> Iterable[View]:
    """Every span that can be asked for."""
    return VIEWS.values()


__all__ = ["DAYS", "HOURS", "Account", "MemoryRings", "all_views", "told", "worst"]
