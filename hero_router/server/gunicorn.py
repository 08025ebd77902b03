"""The gunicorn master and its settings, for the command `hero_router web` and for deploy/."""

import logging
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiohttp import web
from gunicorn import glogging
from gunicorn.app.base import BaseApplication

from hero_router.errors import ConfigError
from hero_router.metrics import multiproc_folder
from hero_router.server.preflight import check_settings
from hero_router.server.worker import Worker
from hero_router.settings.config import RouterConfig
from hero_router.web.app import make_runner
from hero_router.web.lifecycle import FLUSH_SECONDS, OPEN_SECONDS

log = logging.getLogger(__name__)

GRACEFUL_SECONDS = FLUSH_SECONDS + OPEN_SECONDS
"""How long a worker may take to end after it has drained; then it is killed."""

BACKLOG = 65_535
"""Connections that may wait to be accepted, as far as `net.core.somaxconn` allows. The clients of a
lost worker reconnect at once; the kernel retries one that did not fit after 1, 3 and 7 s."""


def gunicorn_settings(config: RouterConfig) -> dict[str, Any]:
    """gunicorn's settings, made from the router's settings.

    gunicorn's request limits and forwarded-for settings have no effect under aiohttp's worker. Its
    control socket is off, as nothing uses it.
    """
    return {
        "bind": config.web.bind,
        "workers": config.web.workers,
        "backlog": BACKLOG,
        "worker_class": Worker,
        "graceful_timeout": math.ceil(config.web.drain_seconds + GRACEFUL_SECONDS),
        "timeout": 30,
        "control_socket_disable": True,
        "loglevel": config.log.level,
        "proc_name": "hero_router",
        "logger_class": Log,
        "on_starting": lambda server: _begin(server, config),
        "child_exit": multiproc_folder.on_child_exit,
        "on_exit": multiproc_folder.remove,
    }


def _begin(server: Any, config: RouterConfig) -> None:
    """gunicorn's hook `on_starting`: warn of an open port, prepare metrics and reloads."""
    if config.web.is_open and config.is_open:
        log.warning(
            "the web workers listen on %s without access control, because ROUTER_OPEN is set: "
            "everyone who can connect may read everything and call every service",
            ", ".join(config.web.bind),
        )
    multiproc_folder.make(server)
    server.reload = partial(_reload, server.reload, config)


def _reload(reload: Callable[[], None], config: RouterConfig) -> None:
    """Handle SIGHUP: replace the workers, unless new ones could not start, which ends the master.

    Only what files hold can have changed.
    """
    try:
        check_settings(config)
    except ConfigError as error:
        log.error("the web workers are not replaced, and go on as they are: %s", error)
    else:
        reload()


class Log(glogging.Logger):  # type: ignore[misc] # gunicorn has no types
    """Sends gunicorn's log messages to the router's log handlers, for one format of all lines."""

    def setup(self, cfg: Any) -> None:
        """Pass gunicorn's messages on to the root logger, which `logs.setup` has set up."""
        self.cfg = cfg
        for logger in (self.error_log, self.access_log):
            logger.handlers, logger.propagate = [], True


class Gunicorn(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """A gunicorn master whose workers run the application of `web.app`."""

    def __init__(self, config: RouterConfig) -> None:
        self._config = config
        super().__init__()

    def load_config(self) -> None:
        """Use only the settings of `gunicorn_settings`: none from files or the command line."""
        for name, value in gunicorn_settings(self._config).items():
            self.cfg.set(name, value)

    def load(self) -> Callable[[], Awaitable[web.AppRunner]]:
        """The coroutine function that makes a worker's aiohttp runner."""

        async def application() -> web.AppRunner:
            return make_runner(self._config)

        return application
