"""The terminal: a table's width where there is one, and warnings on stderr."""

import sys

import click
from rich.console import Console

PIPE_WIDTH = 200
"""Columns of a table that goes into a pipe or a file, where nothing tells the width."""


def console() -> Console:
    """Standard output for tables and coloured lines."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)


def warn(text: str) -> None:
    """A line on stderr."""
    click.secho(text, fg="yellow", err=True)
