"""Scanner and web, as they start on a Redis that may evict keys, say so in their log, once."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.redis import RedisServer, redis7_binary
from tests.support.wait import PATIENCE_SECONDS, eventually

OPTIONS = ("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")


PATIENT = f"""
from hero_router.cli import main
from hero_router.store import eviction
eviction.ASK_SECONDS = {PATIENCE_SECONDS}
main(prog_name="hero_router")
"""
"""The program, which waits for an answer of Redis as long as a busy machine may need."""


def start(command: list[str], folder: Path, **settings: str) -> subprocess.Popen[bytes]:
    """A command of hero_router, whose log is in the folder."""
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-c", PATIENT, *command],
            env={**os.environ, **settings},
            stdout=log,
            stderr=log,
        )


@pytest.mark.parametrize(
    ("command", "started"),
    [
        (["scanner"], "is now the active one of node"),
        (["web", "--workers", "2"], "follows the event stream"),
    ],
)
async def test_scanner_and_web_warn_once_at_the_start(
    command: list[str], started: str, launch: Callable[..., RedisServer], tmp_path: Path
) -> None:
    server = launch(redis7_binary(), *OPTIONS)
    child = start(
        command,
        tmp_path,
        ROUTER_REDIS_URL=server.url,
        ROUTER_SOCKET_DIR=str(tmp_path),
        ROUTER_PORT=str(free_port()),
    )
    log = tmp_path / "log"
    try:
        await eventually(lambda: started in log.read_text(), message="it has started")
    finally:
        child.terminate()
        child.wait(PATIENCE_SECONDS)
    assert log.read_text().count("Redis may evict services, events and leases") == 1
    assert " WARNING " in log.read_text()
