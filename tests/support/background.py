"""Runs coroutines in the background of a block, and raises their errors at its end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

AGAIN_SECONDS = 0.5


@asynccontextmanager
async def meanwhile(*works: Coroutine[Any, Any, object]) -> AsyncIterator[None]:
    """Run this work until the block ends. If some of it failed by then, its error is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        ended = [task for task in tasks if task.done()]
        await cancel(*tasks)
        for task in ended:  # its error comes before the block's: it may be the cause
            task.result()


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait for their ends; their errors are not raised.

    One that goes on is cancelled again: before Python 3.12 `asyncio.wait_for`, through which the
    Redis library sends, drops a cancellation that arrives together with the result.
    """
    going: set[asyncio.Task[Any]] = set(tasks)
    while going:
        for task in going:
            task.cancel()
        _, going = await asyncio.wait(going, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
