"""Connecting to the very file that was found, on Linux and where there is no /proc."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hero_router.upstream import safe_connect
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.safe_connect import NoResponse, SocketAddress, SocketHandle, listens


@pytest.fixture(params=["linux", "no /proc", "no O_PATH"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Linux as it is, without its /proc, or a system that never had either, as macOS."""
    if request.param == "no /proc":
        monkeypatch.setattr(safe_connect, "DESCRIPTORS", Path("/nowhere/fd"))
    elif request.param == "no O_PATH":
        monkeypatch.delattr(os, "O_PATH")
    return str(request.param)


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "a.sock"))
        made.listen()
        yield made


def address(path: Path) -> SocketAddress:
    state = path.lstat()
    return SocketAddress(os.fsencode(path), state.st_dev, state.st_ino)


@pytest.mark.usefixtures("system")
def test_it_connects_to_the_file_that_was_found(tmp_path: Path, listener: socket.socket) -> None:
    found = address(tmp_path / "a.sock")
    handle = SocketHandle(found)
    with handle.connect() as ours:
        theirs, _ = listener.accept()
        theirs.send(b"hello")
        ours.setblocking(True)
        assert ours.recv(9) == b"hello"
        theirs.close()
    handle.close()
    assert listens(found)
    listener.close()
    assert not listens(found)


@pytest.mark.usefixtures("system", "listener")
@pytest.mark.parametrize("other", ["gone", "symlink", "file", "socket"])
def test_what_took_its_place_is_not_connected_to(tmp_path: Path, other: str) -> None:
    path = tmp_path / "a.sock"
    found = address(path)
    path.rename(tmp_path / "moved")
    if other == "symlink":
        path.symlink_to(tmp_path / "moved")
    elif other == "file":
        path.touch()
    elif other == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    with pytest.raises(NoResponse) as refused:
        SocketHandle(found)
    assert refused.value.outcome is Outcome.MISSING


def test_where_no_file_can_be_held_one_that_is_swapped_later_is_noticed(
    tmp_path: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safe_connect, "DESCRIPTORS", Path("/nowhere/fd"))
    handle = SocketHandle(address(tmp_path / "a.sock"))
    (tmp_path / "a.sock").rename(tmp_path / "moved")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "a.sock"))
        other.listen()
        with pytest.raises(NoResponse, match="cannot be seen"):
            handle.connect()


def test_a_long_path_is_connected_to_or_its_length_is_the_reason(
    tmp_path: Path, system: str
) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "a"))
        made.listen()
        (tmp_path / "a").rename(folder / "a")
        handle = SocketHandle(address(folder / "a"))
        if system == "linux":
            handle.connect().close()
        else:
            with pytest.raises(NoResponse, match="path that is too long for this system"):
                handle.connect()
        handle.close()
