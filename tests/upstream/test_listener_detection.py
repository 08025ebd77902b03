"""Which socket files have a listener, as the kernel says: never more than connecting would show."""

import contextlib
import errno
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hero_router.upstream import listener_detection
from hero_router.upstream.listener_detection import Listeners
from hero_router.upstream.safe_connect import SocketAddress, listens


def address(path: Path) -> SocketAddress:
    state = path.stat()
    return SocketAddress(os.fsencode(path), state.st_dev, state.st_ino)


@pytest.fixture
def bind(tmp_path: Path) -> Iterator[Callable[..., socket.socket]]:
    """Listens at a name below the test's folder."""
    with contextlib.ExitStack() as stack:

        def listen(name: str, queue: int = 5) -> socket.socket:
            one = stack.enter_context(socket.socket(socket.AF_UNIX))
            one.bind(os.fspath(tmp_path / name))
            one.listen(queue)
            return one

        yield listen


def kernel_answers() -> bool:
    """Not in every container, and on Linux only; here the answer is not read to its end."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as one:
        one.bind(f"{folder}/s")
        one.listen()
        own = address(Path(folder, "s"))
        with contextlib.suppress(OSError):
            return (own.device, own.inode) in listener_detection._ask()
    return False


needs_kernel = pytest.mark.skipif(not kernel_answers(), reason="the kernel does not answer here")


@needs_kernel
def test_each_listener_is_known_by_its_file(
    tmp_path: Path, bind: Callable[..., socket.socket]
) -> None:
    """If it waited for more than there is, the kernel would count as one that does not answer."""
    for number in range(300):
        bind(f"{number}.sock")
    known = Listeners.read()
    assert all(address(tmp_path / f"{number}.sock") in known for number in range(300))


def test_a_listener_that_has_gone_is_not_known(
    tmp_path: Path, bind: Callable[..., socket.socket]
) -> None:
    bind("a.sock").close()
    assert address(tmp_path / "a.sock") not in Listeners.read()


def test_a_socket_that_was_bound_but_does_not_listen_is_not_known(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.fspath(tmp_path / "a.sock"))
        assert address(tmp_path / "a.sock") not in Listeners.read()


def test_another_file_in_the_place_of_a_listeners_is_not_known(
    tmp_path: Path, bind: Callable[..., socket.socket]
) -> None:
    """The old instance still listens, on a file without a name."""
    bind("a.sock")
    (tmp_path / "a.sock").unlink()
    bind("a.sock").close()
    assert address(tmp_path / "a.sock") not in Listeners.read()


@needs_kernel
def test_a_listener_is_known_just_as_long_as_its_queue_has_room(
    tmp_path: Path, bind: Callable[..., socket.socket]
) -> None:
    bind("a.sock", queue=2)
    known = []
    for _ in range(6):
        known.append(address(tmp_path / "a.sock") in Listeners.read())
        assert listens(address(tmp_path / "a.sock")) == known[-1]
    assert known == [True] * 3 + [False] * 3


def test_a_kernel_that_does_not_answer_leaves_nothing_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bind: Callable[..., socket.socket]
) -> None:
    """As in a container that may not ask, or without the module `unix_diag`."""
    bind("a.sock")
    monkeypatch.setattr(listener_detection, "_DIAG_BY_FAMILY", 9999)
    assert address(tmp_path / "a.sock") not in Listeners.read()

    def refuse(*_: Any) -> socket.socket:
        raise OSError(errno.EPERM, "not permitted")

    monkeypatch.setattr(socket, "socket", refuse)
    assert address(tmp_path / "a.sock") not in Listeners.read()
