"""gunicorn's workers as we run them: on uvloop where it installs, and drained before they end."""

import asyncio
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
    """On SIGTERM a worker first drains: see `web.lifecycle.drain`."""

    wsgi: Callable[[], Awaitable[web.AppRunner]]
    loop: asyncio.AbstractEventLoop
    alive: bool
    cfg: Any
    sockets: list[Any]
    _listening = False
    _runner: web.AppRunner | None = None
    _leaving: "asyncio.Task[None] | None" = None

    def run(self) -> None:
        """Serve until told to end."""
        make = self.wsgi

        async def made() -> web.AppRunner:
            self._runner = await make()
            return self._runner

        self.wsgi = made
        # gunicorn's wrappers of sockets confuse uvloop, which closes what is none twice.
        self.sockets = [listener.sock for listener in self.sockets]
        super().run()  # type: ignore[misc] # gunicorn's worker, see below

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - gunicorn's
        """Begin to drain; a second signal ends at once."""
        if self._runner is None or self._leaving is not None:
            self._end()
        else:
            self._leaving = self.loop.create_task(self._leave(self._runner))

    async def _leave(self, runner: web.AppRunner) -> None:
        try:
            await drain(runner)
        finally:
            self._end()

    def _end(self) -> None:
        self.alive = False
        self._notify_waiter_done()

    def _wait_next_notify(self) -> "asyncio.Future[bool]":
        """Comes first when the sockets listen; aiohttp has let only 128 connections wait there.

        After the loss of a worker all its clients come back at once: those that find no room try
        again only after a second, then three, then seven.
        """
        if not self._listening:
            self._listening = True
            for listener in self.sockets:
                listener.listen(self.cfg.backlog)
        future: asyncio.Future[bool] = super()._wait_next_notify()  # type: ignore[misc] # below
        return future

    def _notify_waiter_done(self, *waiter: Any) -> None:
        super()._notify_waiter_done(*waiter)  # type: ignore[misc] # aiohttp's worker, see below


class AsyncioWorker(Draining, GunicornWebWorker):
    """A worker on asyncio's own loop."""


class UvloopWorker(Draining, GunicornUVLoopWebWorker):
    """A worker on uvloop."""


Worker = AsyncioWorker if uvloop is None else UvloopWorker
