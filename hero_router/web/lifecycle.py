"""Starts and ends one web worker: background tasks, Redis connections, drain of its streams."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from aiohttp import web

from hero_router.errors import StoreError
from hero_router.web.fdlimit import FileLimitMonitor
from hero_router.web.worker_parts import PARTS

log = logging.getLogger(__name__)

OPEN_SECONDS = 2.0
"""How long open requests may take after the worker has ended its streams."""

FLUSH_SECONDS = 1.0
"""How long the last bytes of ended streams may take to be sent."""

WARM_SECONDS = 2.0
"""How long a worker waits at its start for the first answer of Redis before it listens. All workers
share one listening socket: a worker without a snapshot would answer 503."""

LOST: Mapping[str, str] = {
    "metrics": "its metrics do not change",
    "presence": "lists of clients do not show its clients",
    "routing errors": "services do not show the failed requests to them",
    "access": "it does not see that sessions are ended or addresses added",
    "sessions": "a session that begins while Redis is away is in no list",
    "mutes": "it shows old mutes",
    "open files": "it does not warn before it has too many open files",
}
"""The background tasks by name, each with what does not work after it has failed."""

WITHDRAW_SECONDS = 0.5
"""How long a worker may take to remove its clients from Redis when it ends; they expire anyway."""


async def end_streams(app: web.Application) -> None:
    """Close the remaining streams, and wait until their last bytes are sent."""
    parts = app[PARTS]
    parts.feed.drain()
    await parts.streams.wait_closed(FLUSH_SECONDS)


async def connections(app: web.Application) -> AsyncIterator[None]:
    """Close the connections to services and to Redis after everything else has ended."""
    yield
    app[PARTS].proxy.forwarder.close()
    await app[PARTS].clients.aclose()


async def background(app: web.Application) -> AsyncIterator[None]:
    """Run the tasks for operators: metrics, lists of clients and errors, check of open files."""
    parts = app[PARTS]
    follower, recorder, errors = parts.access.follower, parts.access.recorder, parts.errors
    tasks = [
        asyncio.create_task(run(), name=name)
        for name, run in (
            ("metrics", parts.recorder.run),
            ("presence", parts.publisher.run),
            ("routing errors", errors.run),
            ("access", follower.run),
            ("sessions", recorder.run),
            ("mutes", parts.mutes.run),
            ("open files", FileLimitMonitor().run),
        )
    ]
    for task in tasks:
        task.add_done_callback(_background_failed)
    yield
    await _cancelled(*tasks)
    parts.recorder.end()
    await errors.write()
    await recorder.write()
    with suppress(StoreError, TimeoutError):
        async with asyncio.timeout(WITHDRAW_SECONDS):
            await parts.publisher.withdraw()


async def following(app: web.Application) -> AsyncIterator[None]:
    """Run the feed for as long as the application runs; if the feed fails, the worker ends.

    Waits first until the feed has tried to load the state and has checked the nodes.
    """
    feed = app[PARTS].feed
    task = asyncio.create_task(feed.run(), name="feed")
    task.add_done_callback(_feed_ended)
    with suppress(TimeoutError):
        async with asyncio.timeout(WARM_SECONDS):
            await feed.wait_loaded()
    yield
    await _cancelled(task)


async def drain(runner: web.AppRunner) -> None:
    """Stop accepting connections, and end a worker's streams one by one, before the worker ends.

    New connections go to the other workers, which listen on the same address. Requests on open
    connections are still answered, `/ready` with 503. If the feed has failed, all streams end at
    once.
    """
    for site in tuple(runner.sites):
        await site.stop()
    parts = runner.app[PARTS]
    over = 0.0 if parts.feed.failed else parts.config.web.drain_seconds
    parts.feed.drain(over)
    await parts.feed.wait_drained(over)


async def _cancelled(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _background_failed(task: "asyncio.Task[None]") -> None:
    """Log why a task has failed; the worker goes on without it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error(
            "bug: a background task has failed, and this web worker goes on without it: until "
            "the worker is restarted, %s",
            LOST[task.get_name()],
            exc_info=error,
        )


def _feed_ended(task: "asyncio.Task[None]") -> None:
    """End a worker that no longer follows the stream; gunicorn starts another."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical(
            "bug: this web worker can no longer follow the event stream in Redis: it ends, and "
            "gunicorn starts another one",
            exc_info=error,
        )
        os.kill(os.getpid(), signal.SIGTERM)
