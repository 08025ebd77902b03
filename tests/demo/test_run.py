"""How the demo runs and ends: what it made goes, what others made stays, nothing stays open."""

import asyncio
import contextlib
import gc
import logging
import socket
import time
from pathlib import Path

import pytest

from hero_router.demo import services
from hero_router.errors import ConfigError
from tests.demo.conftest import DEADLINE, Caller, bound, connect, listens, running
from tests.support.wait import eventually

PATHS = {sample.path for sample in services.table()}


def below(root: Path) -> set[str]:
    return {str(item.relative_to(root)) for item in root.rglob("*")}


def made(root: Path) -> set[str]:
    return {path for path in below(root) if (root / path).is_socket()}


def gone(root: Path) -> bool:
    return not root.exists()


def write(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")


async def closed(caller: socket.socket) -> None:
    """Wait until the other side has closed the connection, whatever it said before."""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(DEADLINE):
            while await asyncio.get_running_loop().sock_recv(caller, 1024):
                pass


async def test_flapper_comes_and_goes_and_its_file_stays(root: Path) -> None:
    path = root / "flapper/rpc.sock"
    async with running(root, flap_seconds=0.1):
        for _ in range(2):
            await eventually(lambda: not listens(path), message="the flapper stops listening")
            await eventually(lambda: listens(path), message="the flapper listens again")
        assert listens(root / "links/rpc.sock")
    assert gone(root)


async def test_when_cancelled_it_removes_all_that_it_made(root: Path) -> None:
    async with running(root):
        assert made(root) == PATHS
    assert gone(root)


@pytest.mark.parametrize("known", [True, False], ids=["taken", "not yet taken"])
async def test_it_ends_at_once_and_leaves_no_connection_open(root: Path, known: bool) -> None:
    with contextlib.ExitStack() as stack:
        async with running(root):
            callers = [
                stack.enter_context(connect(root / path))
                for path in sorted(PATHS - {"leftover.sock"})
            ]
            if known:
                await Caller(root / "simple_math.sock").call("addition", [1, 1])
            ending = time.monotonic()
        assert time.monotonic() - ending < 30, "a server that waits for its callers needs a minute"
        assert gone(root)
        await asyncio.gather(*map(closed, callers))


@pytest.mark.parametrize("turns", range(30))
async def test_cancelled_at_any_moment_of_a_change_it_leaves_nothing_open(
    root: Path, turns: int
) -> None:
    """With no pause between changes, each turn of the loop is another moment of one."""
    async with running(root, flap_seconds=0):
        for _ in range(turns):
            await asyncio.sleep(0)
    assert gone(root)
    gc.collect()  # what was left open is told of here, not in a later test


async def test_foreign_files_survive(root: Path) -> None:
    write(root / "notes.txt")
    async with running(root):
        write(root / "mycelium/more.txt")
    assert below(root) == {"notes.txt", "mycelium", "mycelium/more.txt"}


async def test_a_killed_demos_sockets_are_replaced(root: Path) -> None:
    bound(root / "simple_math.sock").close()
    async with running(root):
        assert await Caller(root / "simple_math.sock").call("addition", [1, 1]) == 2
    assert made(root) == set()


async def test_the_socket_of_another_program_stays_and_is_reported(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with bound(root / "simple_math.sock") as other, caplog.at_level(logging.WARNING):
        other.listen()
        async with running(root):
            assert listens(root / "links/rpc.sock")
        assert listens(root / "simple_math.sock")
    assert caplog.messages == [
        "the sample service simple_math.sock is not served: another program listens there"
    ]


async def test_a_second_demo_leaves_the_first_one_running(root: Path) -> None:
    async with running(root):
        async with running(root):
            pass
        assert await Caller(root / "simple_math.sock").call("addition", [1, 1]) == 2
    assert made(root) == set()


async def test_a_root_longer_than_a_socket_address_works(root: Path) -> None:
    deep = root / ("d" * 200)
    async with running(deep, flap_seconds=0.1):
        assert made(deep) == PATHS
        assert await Caller(deep / "simple_math.sock").call("addition", [1, 1]) == 2
        await eventually(
            lambda: not listens(deep / "flapper/rpc.sock"), DEADLINE, "the flapper stops listening"
        )
        await eventually(
            lambda: listens(deep / "flapper/rpc.sock"), DEADLINE, "the flapper listens again"
        )
    assert gone(root)


async def test_a_root_that_cannot_be_made_is_one_clear_error(root: Path) -> None:
    write(root)
    with pytest.raises(ConfigError, match="cannot be made"):
        await services.run(root / "below")
    assert below(root.parent) == {root.name}
