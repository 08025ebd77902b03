"""The private Redis of `serve`: found, started on a socket of its own, its data kept."""

import asyncio
import stat
from asyncio.subprocess import DEVNULL
from collections.abc import Callable
from pathlib import Path

import pytest

from hero_router.store.embedded import LONGEST_PATH, PrivateRedis, find_server, running
from tests.contract.world import KEYS
from tests.support.redis import client, redis7_binary, redis62_binary
from tests.support.wait import eventually

BINARIES = [redis7_binary, redis62_binary]


def test_a_server_on_path_comes_first() -> None:
    assert find_server() == redis7_binary()


def test_without_one_on_path_the_wheels_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == redis62_binary()


@pytest.mark.parametrize("binary", BINARIES)
async def test_it_runs_for_this_user_only_and_keeps_its_data(
    binary: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(binary().parent))
    private = PrivateRedis(tmp_path / "state")
    for value in (None, b"kept"):
        assert not await private.answers()
        process = await asyncio.create_subprocess_exec(*private.command(), stdout=DEVNULL)
        try:
            await eventually(private.answers, message="it answers")
            admin = client(private.url)
            assert admin.get(KEYS.meta) == value
            assert admin.config_get("port") == {"port": "0"}
            admin.set(KEYS.meta, "kept")
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 10)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    private.close()


@pytest.mark.parametrize("length", [1, LONGEST_PATH])
async def test_one_that_runs_is_found_by_its_folder(length: int, tmp_path: Path) -> None:
    folder = tmp_path / ("x" * length)
    assert await running(folder) is None
    private = PrivateRedis(folder)
    assert await running(folder) is None
    process = await asyncio.create_subprocess_exec(*private.command(), stdout=DEVNULL)
    try:
        await eventually(private.answers, message="it answers")
        assert await running(folder) == private.url
    finally:
        process.kill()
        await asyncio.wait_for(process.wait(), 10)
    assert await running(folder) is None
    again = PrivateRedis(folder)
    for each in (again, private):
        each.close()
    assert not (folder / "redis.sock").is_symlink()


def test_a_folder_with_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * LONGEST_PATH)
    private = PrivateRedis(folder)
    path = Path(private.url.removeprefix("unix://"))
    assert len(bytes(path)) <= LONGEST_PATH
    assert str(folder) in private.command()
    path.touch()
    private.close()
    assert not path.parent.exists()
