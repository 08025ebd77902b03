"""The terminal: a table's width where there is one, and warnings on stderr."""

import sys

import click
from rich.console import Console
from rich.text import Text

from hero_router.text import clean

PIPE_WIDTH = 200
"""Columns of a table that goes into a pipe or a file, where nothing tells the width."""


def console() -> Console:
    """Standard output for tables and coloured lines."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def literal(value: object, style: str = "") -> Text:
    """A text from elsewhere as it may be shown: no markup, nothing that steers the terminal."""
    return Text(clean(value), style=style)


def count(number: int, thing: str) -> str:
    """So many things, in words."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def warn(text: str) -> None:
    """A line on stderr."""
    click.secho(clean(text), fg="yellow", err=True)
