"""The terminal: tables that fit it, texts from elsewhere made harmless, times, warnings."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hero_router.text import clean

PIPE_WIDTH = 10_000
"""Columns of a pipe or a file: nothing is dropped or wrapped in what a program reads."""

GAP = 2
"""Spaces between two columns."""

MIN_WRAPPED = 24
"""Least width of a column whose text may be wrapped."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. In a narrow terminal that with the lowest `rank` is dropped first.

    A column without a rank is never dropped. One that `wraps` may be narrower than its texts.
    """

    name: str
    rank: int | None = None
    wraps: bool = False


def console() -> Console:
    """Standard output for tables and coloured lines."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def table(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> Table:
    """A table with those columns that fit into a width in characters."""
    kept = _fitting(columns, rows, width)
    made = Table(box=None, pad_edge=False)
    for number in kept:
        column = columns[number]
        made.add_column(column.name, no_wrap=not column.wraps, overflow="fold")
    for row in rows:
        made.add_row(*(row[number] for number in kept))
    return made


def _fitting(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> list[int]:
    """The numbers of the columns that are kept."""
    widths = []
    for number, column in enumerate(columns):
        longest = max([cell_len(column.name), *(row[number].cell_len for row in rows)])
        widths.append(min(longest, MIN_WRAPPED) if column.wraps else longest)
    kept = [*range(len(columns))]
    for number in sorted(kept, key=lambda each: columns[each].rank or 0):
        if sum(widths[each] + GAP for each in kept) - GAP <= width:
            break
        if columns[number].rank is not None:
            kept.remove(number)
    return kept


def literal(value: object, style: str = "") -> Text:
    """A text from elsewhere as it may be shown: no markup, nothing that steers the terminal."""
    return Text(clean(value), style=style)


def count(number: int, thing: str) -> str:
    """A number of things in words."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def age(unix_ms: object) -> str:
    """How long ago a time was, in its largest unit; "" for what is no time."""
    if not isinstance(unix_ms, int | float):
        return ""
    seconds = max(int(time.time() - unix_ms / 1000), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def moment(unix_ms: object) -> str:
    """A time in this machine's zone, with its date unless that is today; "" for what is no time."""
    try:
        when = time.localtime(float(unix_ms) / 1000)  # type: ignore[arg-type] # from elsewhere
    except (TypeError, ValueError, OverflowError, OSError):
        return ""
    today = when[:3] == time.localtime()[:3]
    return time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", when)


def warn(text: str) -> None:
    """Write a line to stderr."""
    click.secho(clean(text), fg="yellow", err=True)
