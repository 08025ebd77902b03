"""The private Redis of `serve`: finding a server, running it on a socket, keeping its data."""

import asyncio
import shutil
import stat
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from redis import Redis

from hero_router.errors import ConfigError
from hero_router.store import embedded_redis_command
from hero_router.store.embedded_redis_command import (
    LONGEST_PATH,
    EmbeddedRedis,
    find_server,
    running,
)
from tests.contract.world import KEYS
from tests.support.redis import client, redis7_binary, valkey9_binary
from tests.support.wait import PATIENCE_SECONDS, eventually

BINARIES = [redis7_binary, valkey9_binary]


def test_a_server_on_path_comes_first() -> None:
    assert find_server() == Path(shutil.which("redis-server") or "")


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_a_server_on_path_may_be_redis_or_valkey(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / name).touch(0o755)
    assert find_server() == tmp_path / name


def test_without_a_server_on_path_the_packages_server_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == valkey9_binary()


@pytest.mark.parametrize("package", ["no_such_package", "tests"])
def test_without_any_server_the_message_names_two_ways_out(
    package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded_redis_command, "PACKAGE", package)
    with pytest.raises(ConfigError, match="install Redis or Valkey, or set ROUTER_REDIS_URL"):
        find_server()


@asynccontextmanager
async def run_private(private: EmbeddedRedis) -> AsyncIterator[Redis]:
    """A private Redis that runs, and a client of it."""
    process = await asyncio.create_subprocess_exec(*private.command(), stdout=DEVNULL)
    try:
        await eventually(private.answers, message="it answers")
        with closing(client(private.url)) as admin:
            yield admin
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)


@pytest.mark.parametrize("binary", BINARIES)
async def test_it_runs_for_this_user_only_and_keeps_its_data(
    binary: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(binary().parent))
    private = EmbeddedRedis(tmp_path / "state")
    for value in (None, b"kept"):
        assert not await private.answers()
        async with run_private(private) as admin:
            assert admin.get(KEYS.meta) == value
            assert admin.config_get("port") == {"port": "0"}
            admin.set(KEYS.meta, "kept")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    private.close()


@pytest.mark.parametrize(("before", "after"), [BINARIES, BINARIES[::-1]])
async def test_another_kind_of_server_reads_the_same_data(
    before: Callable[[], Path],
    after: Callable[[], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server may be installed later, or removed."""
    private = EmbeddedRedis(tmp_path / "state")
    first, second = before().parent, after().parent
    monkeypatch.setenv("PATH", str(first))
    async with run_private(private) as admin:
        admin.set(KEYS.meta, "kept")
        admin.bgrewriteaof()
        await eventually(
            lambda: not admin.info("persistence")["aof_rewrite_in_progress"], message="rewritten"
        )
        admin.xadd(KEYS.events, {"type": "scan"}, "1-1")
    monkeypatch.setenv("PATH", str(second))
    async with run_private(private) as admin:
        assert admin.get(KEYS.meta) == b"kept"
        assert admin.xlen(KEYS.events) == 1
    private.close()


@pytest.mark.parametrize("length", [1, LONGEST_PATH])
async def test_one_that_runs_is_found_by_its_folder(length: int, tmp_path: Path) -> None:
    folder = tmp_path / ("x" * length)
    assert await running(folder) is None
    private = EmbeddedRedis(folder)
    assert await running(folder) is None
    process = await asyncio.create_subprocess_exec(*private.command(), stdout=DEVNULL)
    try:
        await eventually(private.answers, message="it answers")
        assert await running(folder) == private.url
    finally:
        process.kill()
        await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)
    assert await running(folder) is None
    again = EmbeddedRedis(folder)
    for each in (again, private):
        each.close()
    assert not (folder / "redis.sock").is_symlink()


def test_a_folder_with_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * LONGEST_PATH)
    private = EmbeddedRedis(folder)
    path = Path(private.url.removeprefix("unix://"))
    assert len(bytes(path)) <= LONGEST_PATH
    assert str(folder) in private.command()
    path.touch()
    private.close()
    assert not path.parent.exists()
