"""Composition root of `serve`: one machine's Redis, scanner, web workers and demo, supervised."""

import asyncio
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import click

from hero_router.cli.options import begin, flags
from hero_router.cli.ready import Readiness
from hero_router.cli.supervise import LAST_STOP_SECONDS, STOP_SECONDS, Child, Supervisor
from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from hero_router.settings.redis import RedisSettings
from hero_router.store.client import connect
from hero_router.store.embedded import PrivateRedis

AFTER_DRAIN_SECONDS = 1.0
"""How long web may still take to end once it has drained."""


@click.command("serve")
@click.option("--demo", is_flag=True, help="also run sample services in the root")
@flags()
def command(demo: bool, **overrides: Any) -> None:
    """Run everything on this machine: Redis, scanner and web workers.

    Without ROUTER_REDIS_URL a private Redis is started. Ctrl-C ends everything, streams one by one
    over ROUTER_DRAIN_SECONDS; a second one ends them at once.
    """
    config = begin(overrides)
    run(config, demo=demo)


def run(config: RouterConfig, *, demo: bool) -> None:
    """Run everything on this machine until SIGINT or SIGTERM.

    Raises:
        ConfigError: the port or the state folder is in use, or there is no Redis to start.
        ChildFailed: a part could not start.
    """
    check_port(config)
    with locked(config.node.state):
        redis = None if config.redis.url else PrivateRedis(config.node.state / "redis")
        try:
            asyncio.run(_supervise(config, redis, demo=demo))
        finally:
            if redis is not None:
                redis.close()


async def _supervise(config: RouterConfig, redis: PrivateRedis | None, *, demo: bool) -> None:
    stop, hurry = asyncio.Event(), asyncio.Event()

    def asked() -> None:
        (hurry if stop.is_set() else stop).set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked)
    backplane = RedisSettings(redis.url, config.redis.prefix) if redis else config.redis
    readiness = Readiness(config, lambda: connect(backplane, name="serve", connections=1))
    supervisor = Supervisor(_children(config, backplane, redis, readiness, demo=demo))
    await supervisor.run(readiness.announce, stop, hurry)


def _children(
    config: RouterConfig,
    backplane: RedisSettings,
    redis: PrivateRedis | None,
    readiness: Readiness,
    *,
    demo: bool,
) -> list[Child]:
    """What to run, in the order of starting."""
    environment = {
        **config.environment(),
        "ROUTER_REDIS_URL": backplane.url,
        "ROUTER_REDIS_PASSWORD_FILE": backplane.password_file,
    }

    def ours(name: str) -> list[str]:
        return [sys.executable, "-m", "hero_router", name]

    async def demo_ready() -> bool:
        return any(config.node.root.glob("**/*.sock"))

    children = []
    if redis:
        command = redis.command()
        last = Child("redis", command, {}, redis.answers, True, LAST_STOP_SECONDS, redis.log)
        children += [last]
    children += [Child("demo", ours("demo"), environment, demo_ready)] if demo else []
    children += [Child("scanner", ours("scanner"), environment, readiness.scanner)]
    patience = max(STOP_SECONDS, config.web.drain_seconds + AFTER_DRAIN_SECONDS)
    children += [Child("web", ours("web"), environment, readiness.web, patience=patience)]
    return children


def check_port(config: RouterConfig) -> None:
    """Raises ConfigError, in one line, when web could not listen where it is told to."""
    try:
        place = socket.getaddrinfo(config.web.host, config.web.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(place[0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place[4])
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {config.web.host} port {config.web.port}: {error.strerror}; "
            "is hero_router running already? Choose another with --port or ROUTER_PORT"
        ) from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the state folder for one `serve`. Raises ConfigError when another one holds it."""
    path = folder / "serve.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = _hold(path)
    except BlockingIOError:
        raise ConfigError(
            f"another hero_router serve uses {folder}; set another ROUTER_STATE_DIR"
        ) from None
    except OSError as error:
        raise ConfigError(f"ROUTER_STATE_DIR {folder} cannot be used: {error.strerror}") from None
    with file:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _hold(path: Path) -> IO[str]:
    """Open and lock a file. Raises OSError, BlockingIOError where another one holds it.

    Whoever held it may have removed it just after it was opened here: a lock on a file that is no
    longer there would keep nobody out.
    """
    while True:
        file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _lies_at(path, file):
                return file
        except OSError:
            file.close()
            raise
        file.close()


def _lies_at(path: Path, file: IO[str]) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    return False
