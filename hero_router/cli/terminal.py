"""Output on the terminal: tables, escaped texts of services, times, warnings."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hero_router.sanitize import clean

PIPE_WIDTH = 10_000
"""Width of tables in a pipe or file, so that no column is dropped or wrapped."""

GAP = 2
"""Spaces between two columns."""

MIN_WRAPPED = 24
"""Smallest width of a column whose text may be wrapped."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; in a narrow terminal, columns with a low `rank` are dropped first.

    A column without a rank is never dropped. A column that `wraps` may be narrower than its texts.
    """

    name: str
    rank: int | None = None
    wraps: bool = False


def console() -> Console:
    """The console for tables and coloured lines on standard output."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def table(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> Table:
    """Build a table with the columns that fit into `width` characters."""
    kept = _fitting(columns, rows, width)
    made = Table(box=None, pad_edge=False)
    for number in kept:
        column = columns[number]
        made.add_column(column.name, no_wrap=not column.wraps, overflow="fold")
    for row in rows:
        made.add_row(*(row[number] for number in kept))
    return made


def _fitting(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> list[int]:
    """The indexes of the columns that fit."""
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
    """A text of a service, safe to print: without markup and control characters."""
    return Text(clean(value), style=style)


def count(number: int, thing: str) -> str:
    """A count with its noun: "1 service", "2 services"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def age(unix_ms: object) -> str:
    """The age of a time in its largest unit, such as "3h"; "" if the value is not a time."""
    if not isinstance(unix_ms, int | float):
        return ""
    seconds = max(int(time.time() - unix_ms / 1000), 0)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def moment(unix_ms: object) -> str:
    """A time in local time, with the date unless it is today; "" if the value is not a time."""
    try:
        when = time.localtime(float(unix_ms) / 1000)  # type: ignore[arg-type] # from elsewhere
    except (TypeError, ValueError, OverflowError, OSError):
        return ""
    today = when[:3] == time.localtime()[:3]
    return time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", when)


def warn(text: str) -> None:
    """Write a warning to stderr."""
    click.secho(clean(text), fg="yellow", err=True)
