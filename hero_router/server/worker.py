"""gunicorn worker classes, which use uvloop if it is installed, and drain before they end."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

from aiohttp import web
from aiohttp.worker import GunicornUVLoopWebWorker, GunicornWebWorker

from hero_router.web.lifecycle import drain

try:
    import uvloop
except ImportError:  # no wheel for this platform
    uvloop = None  # type: ignore[assignment] # a module or nothing


class Draining:
    """A worker that ends its streams one by one on SIGTERM; see `web.lifecycle.drain`."""

    wsgi: Callable[[], Awaitable[web.AppRunner]]
    loop: asyncio.AbstractEventLoop
    alive: bool
    cfg: Any
    sockets: list[Any]
    _listening = False
    _runner: web.AppRunner | None = None
    _draining: "asyncio.Task[None] | None" = None

    def run(self) -> None:
        """Serve until a signal ends the worker."""
        make = self.wsgi

        async def made() -> web.AppRunner:
            self._runner = await make()
            _settle_memory()
            return self._runner

        self.wsgi = made
        # uvloop closes gunicorn's wrappers of sockets twice, so give it the sockets themselves.
        self.sockets = [listener.sock for listener in self.sockets]
        super().run()  # type: ignore[misc] # gunicorn's worker, see below

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - gunicorn's
        """Handle SIGTERM: start to drain; a second signal ends the worker at once."""
        if self._runner is None or self._draining is not None:
            self._end()
        else:
            self._draining = self.loop.create_task(self._drain_and_end(self._runner))

    async def _drain_and_end(self, runner: web.AppRunner) -> None:
        try:
            await drain(runner)
        finally:
            self._end()

    def _end(self) -> None:
        self.alive = False
        self._notify_waiter_done()

    def _wait_next_notify(self) -> "asyncio.Future[bool]":
        """Called once the sockets listen: raise their backlog at the first call; aiohttp sets 128.

        The clients of a lost worker reconnect all at once. The kernel retries a connection that did
        not fit only after a second, then three, then seven.
        """
        if not self._listening:
            self._listening = True
            for listener in self.sockets:
                listener.listen(self.cfg.backlog)
        future: asyncio.Future[bool] = super()._wait_next_notify()  # type: ignore[misc] # below
        return future

    def _notify_waiter_done(self, *waiter: Any) -> None:
        super()._notify_waiter_done(*waiter)  # type: ignore[misc] # aiohttp's worker, see below


ALLOCATIONS = 20_000
"""How many more objects than were freed bring about a search for circles of unused objects.
Python's own number, 700, is reached every few requests."""


def _settle_memory() -> None:
    """Leave what a worker has made until now, modules mostly, out of that search."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 10, 10)


class AsyncioWorker(Draining, GunicornWebWorker):
    """A worker on asyncio's own loop."""


class UvloopWorker(Draining, GunicornUVLoopWebWorker):
    """A worker on uvloop."""


Worker = AsyncioWorker if uvloop is None else UvloopWorker
