"""Load beside the stream: a program that calls the API all the time, and a service on a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.support.background import meanwhile
from tests.support.wait import PATIENCE_SECONDS

PAUSE_SECONDS = 0.02
ANSWER = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)


@asynccontextmanager
async def calling(url: str) -> AsyncIterator[list[str]]:
    """Ask for the state again and again; gives the list of failures."""
    failures: list[str] = []
    async with meanwhile(_call(url, failures)):
        yield failures


async def _call(url: str, failures: list[str]) -> None:
    async with aiohttp.ClientSession(timeout=ANSWER) as session:
        while True:
            try:
                async with session.get(f"{url}/api/services") as answer:
                    await answer.json()
                    if answer.status != 200:
                        failures.append(f"{answer.status} {await answer.text()}")
            except (aiohttp.ClientError, TimeoutError) as error:
                failures.append(repr(error))
            await asyncio.sleep(PAUSE_SECONDS)


@asynccontextmanager
async def serving(socket: Path) -> AsyncIterator[None]:
    """A healthy service on a Unix socket, in an existing folder, for as long as the block runs."""

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application()
    app.router.add_get("/health", health)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(socket)).start()
        yield
    finally:
        await runner.cleanup()
