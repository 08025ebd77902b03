"""The command `config`: shows all settings with value, its source, default, range, meaning."""

import asyncio
import json
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import click
from rich.text import Text

from hero_router.cli.setting_flags import configure, default_text, flags, given, span
from hero_router.cli.terminal import Column, console, table
from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig, rejected, sources
from hero_router.store.eviction import warning

COLUMNS = (
    Column("variable"),
    Column("value", wraps=True),
    Column("source", 3),
    Column("default", 1),
    Column("range", 2),
    Column("meaning", 4, wraps=True),
)


@click.command("config")
@click.option(
    "--check",
    is_flag=True,
    help="exit with 1 if a value is rejected, a folder that is set cannot be used, or a variable "
    "is no setting; warn if Redis may evict keys",
)
@click.option("--json", "as_json", is_flag=True, help="print JSON for programs")
@flags()
def command(check: bool, as_json: bool, **overrides: Any) -> None:
    """Show all settings with value, source and meaning.

    The source is a flag, an environment variable or "default". Passwords are shown as ***.
    """
    config = configure(overrides)
    flagged = given(overrides)
    rows = _rows(config, flagged)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        out = console()
        out.print(table(COLUMNS, [*map(_cells, rows)], out.width))
    sentences = [*rejected(flagged), *_unusable_folders(config, rows)]
    for sentence in sentences:
        click.echo(sentence, err=True)
    if check and config.redis.url and (evicts := asyncio.run(warning(config.redis))):
        click.echo(f"warning: {evicts}", err=True)
    if check and sentences:
        sys.exit(1)


def _cells(row: Mapping[str, str]) -> list[Text]:
    """The cells of a row for people; the default is shown only if the value differs from it."""
    hidden = {"default": ""} if row["source"] == "default" else {}
    return [*map(Text, {**row, **hidden}.values())]


def _unusable_folders(config: RouterConfig, rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """One sentence for each folder that is set and cannot be used.

    A default that cannot be used is left out: web needs no folder.
    """
    source = {row["variable"]: row["source"] for row in rows}
    checks = (
        ("ROUTER_SOCKET_DIR", config.node.require_root),
        ("ROUTER_STATE_DIR", config.node.require_state),
    )
    for variable, check in checks:
        if source[variable] != "default":
            try:
                check()
            except ConfigError as error:
                yield str(error)


def _rows(config: RouterConfig, flagged: Collection[str]) -> list[dict[str, str]]:
    """The rows of the table, one for each setting, with its columns by name."""
    variables = sources()
    return [
        {
            "variable": item.variables[0],
            "value": value,
            "source": item.flag if item.name in flagged else variables[item.name],
            "default": default_text(item),
            "range": span(item),
            "meaning": item.help,
        }
        for item, value in config.shown()
    ]
