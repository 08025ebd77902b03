"""Composition root of a web worker: settings in, aiohttp application out; nothing is global."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from hero_router import __version__
from hero_router.errors import ConfigError, StoreError
from hero_router.feed.feed import Feed
from hero_router.feed.probes import ProbeCache
from hero_router.feed.timing import StreamTiming
from hero_router.feed.view import StateView
from hero_router.metrics import multiproc
from hero_router.rpc import methods
from hero_router.server.fdlimit import FileLimitMonitor
from hero_router.settings import logs
from hero_router.settings.config import RouterConfig, warn_rejected
from hero_router.store.client import connect
from hero_router.store.clock import RedisClock
from hero_router.store.commands import ScanRequests
from hero_router.store.presence import Presence
from hero_router.store.stream import BLOCK_SECONDS, NodeReader, Stream
from hero_router.web import middleware, presence
from hero_router.web.body import BodyReader
from hero_router.web.connection import Connections
from hero_router.web.context import CONTEXT, Context
from hero_router.web.protocol import Runner
from hero_router.web.routes import events, health, static
from hero_router.web.routes import state as state_routes

if TYPE_CHECKING:
    from hero_router.metrics.collectors import Metrics

log = logging.getLogger(__name__)

OPEN_SECONDS = 2.0
"""How long open requests may go on after the worker has ended its streams."""

FLUSH_SECONDS = 1.0
"""How long the last bytes of ended streams may take."""

WARM_SECONDS = 2.0
"""How long a worker that starts may wait for its first answer from Redis before it listens: it has
the same address as the others, and would be asked what it does not know yet."""

MEGABYTE = 1024 * 1024

WITHDRAW_SECONDS = 0.5
"""How long Redis may take to hear that a worker has no clients any more; it expires anyway."""


def create_app(config: RouterConfig) -> web.Application:
    """A worker's application. Raises ConfigError when there is no Redis to follow."""
    if not config.redis_url:
        raise ConfigError("ROUTER_REDIS_URL is not set: web has to be told where Redis is")
    worker = f"{config.node}/{os.getpid()}"
    tail_client = connect(
        config.backplane,
        name="tail",
        block_seconds=BLOCK_SECONDS,
        connections=1,
        single_connection=True,
    )
    # One of its own: while the others are all in use, no scanner may look lost.
    watch_client = connect(config.backplane, name="watch", connections=1)
    client = connect(config.backplane, name="web")
    nodes, clock = NodeReader(client, config.keys), RedisClock(client)
    assets = static.Assets(static.static_folder())
    feed = Feed(
        Stream(tail_client, config.keys),
        NodeReader(watch_client, config.keys),
        window=config.sse_buffer,
        times=StreamTiming(
            config.ping_seconds, config.sse_stall_seconds, config.sse_max_age_seconds
        ),
        flush=config.sse_flush_ms / 1000,
        hello_fields=lambda: {**_greeting(config, worker), "assets": assets.digest},
        now_ms=clock.now_ms,
    )
    app = web.Application(middlewares=[middleware.guard])
    context = Context(config, feed, nodes, ScanRequests(client, config.keys), worker)
    state = StateView(feed, ProbeCache(nodes))
    app[CONTEXT] = context
    roll = Presence(client, config.keys)
    metrics, teller = _metrics(feed, clock), presence.PresencePublisher(feed, roll, clock, worker)
    streams = Connections()
    bodies = BodyReader(config.body_memory_mb * MEGABYTE, config.body_seconds, config.head_seconds)
    app.add_routes([*static.routes(assets), *health.routes()])
    app.add_routes(
        [
            *events.routes(feed.hub, streams),
            *state_routes.routes(state),
            *methods.routes(context, state, bodies),
        ]
    )
    app.add_routes([*metrics.routes(), *presence.routes(roll)])
    app.on_response_prepare.append(middleware.add_headers)

    async def end_streams(_: web.Application) -> None:
        feed.drain()
        await streams.gone(FLUSH_SECONDS)

    app.on_shutdown.append(end_streams)

    async def connections(_: web.Application) -> AsyncIterator[None]:
        yield
        for each in (tail_client, watch_client, client):
            await each.aclose()

    async def telling(_: web.Application) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(work.run(), name=type(work).__name__)
            for work in (metrics, teller, FileLimitMonitor())
        ]
        for task in tasks:
            task.add_done_callback(_telling_ended)
        yield
        await _cancelled(*tasks)
        metrics.end()
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(WITHDRAW_SECONDS):
                await teller.withdraw()

    app.cleanup_ctx.extend((connections, telling, _following))
    return app


def _metrics(feed: Feed, clock: RedisClock) -> "Metrics":
    """Imported late: its library looks for the folder that workers share when it is imported, and
    the master, which imports this module too, has not made that by then."""
    multiproc.check_space()
    from hero_router.metrics.collectors import Metrics  # noqa: PLC0415 - see above

    made = Metrics(feed, clock)
    multiproc.preallocate()
    return made


def _greeting(config: RouterConfig, worker: str) -> Mapping[str, object]:
    return {
        "window": config.sse_buffer,
        "ping_seconds": config.ping_seconds,
        "node": config.node,
        "worker": worker,
        "version": __version__,
    }


async def _following(app: web.Application) -> AsyncIterator[None]:
    """Run the feed for as long as the application runs; if it breaks, so does the worker.

    All else begins once the feed knows the state, or knows that it cannot be had.
    """
    feed = app[CONTEXT].feed
    task = asyncio.create_task(feed.run(), name="feed")
    task.add_done_callback(_feed_ended)
    with suppress(TimeoutError):
        async with asyncio.timeout(WARM_SECONDS):
            await feed.tail.first_load.wait()
    yield
    await _cancelled(task)


async def _cancelled(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _telling_ended(task: "asyncio.Task[None]") -> None:
    """A worker serves on without its figures, but not in silence."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s of this worker ends", task.get_name(), exc_info=error)


def _feed_ended(task: "asyncio.Task[None]") -> None:
    """A worker that no longer follows must not go on answering: end it, gunicorn starts another."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("the feed broke, this worker ends", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


async def drain(runner: web.AppRunner) -> None:
    """Before the worker ends: it takes no more connections, and its streams end one by one.

    Whoever asks whether it is ready is refused, or answered 503 on a connection that is open; the
    workers that listen at the same address go on being asked. Streams that nobody feeds any more
    end all at once.
    """
    for site in tuple(runner.sites):
        await site.stop()
    context = runner.app[CONTEXT]
    over = 0.0 if context.feed.failed else context.config.drain_seconds
    context.feed.drain(over)
    await context.feed.wait_drained(over)


async def application() -> web.AppRunner:
    """What `gunicorn hero_router.web.app:application` runs: settings come from the environment."""
    runner = make_runner(RouterConfig.read())
    warn_rejected()
    return runner


def make_runner(config: RouterConfig) -> web.AppRunner:
    """A worker, ready to be set up.

    Handlers are cancelled when their client leaves, which aiohttp does only if told here.
    """
    logs.setup(config.log_level, config.log_format)
    return Runner(
        create_app(config),
        config.hosts,
        head=config.head_seconds,
        stall=config.sse_stall_seconds,
        handler_cancellation=True,
        keepalive_timeout=config.keepalive_seconds,
        shutdown_timeout=OPEN_SECONDS,
    )
