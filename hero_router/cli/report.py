"""The command `report`: saves state, events and history of a running router as one file."""

import asyncio
import contextlib
import re
import sys
from pathlib import Path
from typing import IO

import click

from hero_router.cli.router_options import Router, address
from hero_router.client.http import Download, RouterAway, download
from hero_router.errors import RouterError

SAVING_SECONDS = 300.0
"""A router with thousands of services reads their histories for some seconds."""

STDOUT = Path("-")

NAME = re.compile(r'attachment; filename="(hero_router-[A-Za-z0-9._-]+\.html)"')


class NotSaved(RouterError):
    """The file cannot be written."""

    code = "not_saved"


@click.command("report")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@address
def command(file: Path | None, router: Router) -> None:
    """Save the state of all services as one HTML file, to attach to a ticket.

    The file has the status, the newest events and the history of all services that you may see.
    Any browser opens it, also without a router, and it says when it was made.

    FILE is its name; "-" writes to the standard output. Without FILE a name is made from the node
    and the time.
    """
    if file is not None and file != STDOUT and file.exists() and not file.is_file():
        raise NotSaved(f"{file} is no file; - stands for the standard output")
    name = asyncio.run(_save(file, router))
    if name != STDOUT:
        click.echo(name)


async def _save(file: Path | None, router: Router) -> Path:
    """Save the report; returns its name. Raises RouterAway and NotSaved."""
    within, token = SAVING_SECONDS, router.token
    async with download(router.url, "/api/report", within=within, token=token) as report:
        found = NAME.fullmatch(report.disposition)
        if found is None:
            raise RouterAway(f"the program at {router.url} gives no reports")
        path = file or Path(found[1])
        try:
            if path == STDOUT:
                await _copy(report, sys.stdout.buffer)
            else:
                await _keep(report, path)
        except OSError as error:
            raise NotSaved(f"{path} cannot be written: {error.strerror}") from None
        return path


async def _keep(report: Download, path: Path) -> None:
    """Write the file; it gets its name once it is complete."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as out:
            await _copy(report, out)
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


async def _copy(report: Download, out: IO[bytes]) -> None:
    async for piece in report.pieces:
        out.write(piece)
    out.flush()
