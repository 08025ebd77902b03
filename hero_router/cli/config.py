"""The command `config`: every setting with its value, where it comes from and what it means."""

import asyncio
import json
import sys
from collections.abc import Collection
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from hero_router.cli.options import configure, flags, given
from hero_router.cli.screen import console
from hero_router.settings.config import RouterConfig, rejected, sources
from hero_router.store.eviction import warning


@click.command("config")
@click.option(
    "--check",
    is_flag=True,
    help="exit with 1 if any value is rejected, or a variable is no setting; warn of a Redis that "
    "may evict keys",
)
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@flags()
def command(check: bool, as_json: bool, **overrides: Any) -> None:
    """Show each setting with its value, source and meaning; secrets are masked."""
    config = configure(overrides)
    flagged = given(overrides)
    rows = _rows(config, flagged)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        console().print(_table(rows))
    sentences = rejected(flagged)
    for sentence in sentences:
        click.echo(sentence, err=True)
    if check and config.redis.url and (evicts := asyncio.run(warning(config.redis))):
        click.echo(f"warning: {evicts}", err=True)
    if check and sentences:
        sys.exit(1)


def _rows(config: RouterConfig, flagged: Collection[str]) -> list[dict[str, str]]:
    from_where = sources()
    return [
        {
            "variable": item.variables[0],
            "value": value,
            "source": item.flag if item.name in flagged else from_where[item.name],
            "meaning": item.help,
        }
        for item, value in config.shown()
    ]


def _table(rows: list[dict[str, str]]) -> Table:
    table = Table("variable", "value", "source", "meaning", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row.values()))
    return table
