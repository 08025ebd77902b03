"""The command `hero_router serve`: runs Redis, scanner and web workers on one machine."""

import asyncio
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import click

from hero_router.cli.port_check import check_ports
from hero_router.cli.ready_notice import Readiness
from hero_router.cli.setting_flags import begin, flags
from hero_router.cli.stop_signals import on_stop
from hero_router.cli.supervise import LAST_STOP_SECONDS, STOP_SECONDS, Child, Supervisor
from hero_router.errors import ConfigError
from hero_router.settings.config import RouterConfig
from hero_router.settings.redis import RedisSettings
from hero_router.store.client import connect
from hero_router.store.embedded_redis_command import EmbeddedRedis

AFTER_DRAIN_SECONDS = 1.0
"""Time that the web workers have to end after they have ended all event streams."""


@click.command("serve")
@click.option(
    "--demo", is_flag=True, help="also run sample services in the socket folder (ROUTER_SOCKET_DIR)"
)
@flags()
def command(demo: bool, **overrides: Any) -> None:
    """Run scanner, web workers and, if no other is set, Redis.

    A Redis server is only started if ROUTER_REDIS_URL is not set. Ctrl-C ends all processes: event
    streams end one by one within ROUTER_DRAIN_SECONDS, or at once after a second Ctrl-C.
    """
    config = begin(overrides)
    run(config, demo=demo)


def run(config: RouterConfig, *, demo: bool) -> None:
    """Run scanner, web workers and Redis until SIGINT, SIGTERM or SIGHUP.

    Raises:
        ConfigError: the web workers cannot listen, another `hero_router serve` uses the state
            folder, there is no Redis to start, or the socket folder, the state folder or the
            password file cannot be used.
        ChildFailed: a process could not start.
    """
    config.node.require_root()
    config.node.require_state()
    config.redis.check_password_file()
    check_ports(config)
    with locked(config.node.state):
        redis = None if config.redis.url else EmbeddedRedis(config.node.state / "redis")
        try:
            asyncio.run(_supervise(config, redis, demo=demo))
        finally:
            if redis is not None:
                redis.close()


async def _supervise(config: RouterConfig, redis: EmbeddedRedis | None, *, demo: bool) -> None:
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    on_stop(on_signal)
    backplane = RedisSettings(redis.url, config.redis.prefix) if redis else config.redis
    readiness = Readiness(config, lambda: connect(backplane, name="serve", connections=1))
    supervisor = Supervisor(_children(config, backplane, redis, readiness, demo=demo))
    await supervisor.run(readiness.announce, stop, hurry)


def _children(
    config: RouterConfig,
    backplane: RedisSettings,
    redis: EmbeddedRedis | None,
    readiness: Readiness,
    *,
    demo: bool,
) -> list[Child]:
    """The processes to run, in the order of their start."""
    environment = {
        **config.environment(),
        "ROUTER_REDIS_URL": backplane.url,
        "ROUTER_REDIS_PASSWORD_FILE": backplane.password_file,
    }

    def command(name: str) -> list[str]:
        return [sys.executable, "-m", "hero_router", name]

    children = []
    if redis:
        children += [
            Child(
                "redis",
                redis.command(),
                {},
                redis.answers,
                last=True,
                stop_seconds=LAST_STOP_SECONDS,
                log=redis.log,
            )
        ]
    if demo:
        children += [Child("demo", command("demo"), environment, readiness.demo)]
    children += [Child("scanner", command("scanner"), environment, readiness.scanner)]
    seconds = max(STOP_SECONDS, config.web.drain_seconds + AFTER_DRAIN_SECONDS)
    web = Child("web", command("web"), environment, readiness.web, stop_seconds=seconds)
    return [*children, web]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock the state folder for this process. Raises ConfigError if another process holds it."""
    path = folder / "serve.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = _hold(path)
    except BlockingIOError:
        raise ConfigError(
            f"another hero_router serve already runs with the state folder {folder}: end it, or "
            "set another ROUTER_STATE_DIR"
        ) from None
    except OSError as error:
        raise ConfigError(f"ROUTER_STATE_DIR {folder} cannot be used: {error.strerror}") from None
    with file:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _hold(path: Path) -> IO[str]:
    """Open and lock a file. Raises OSError; BlockingIOError if another process holds the lock.

    The last holder may remove the file between open and lock. A lock on a removed file excludes no
    other process, so both steps are repeated then.
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
