"""Where the samples bind: what is in the way stays, what was made goes, no path is too long."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hero_router.demo import sockets
from hero_router.demo.sockets import DemoSockets
from tests.demo.conftest import bound


@pytest.fixture
def live(root: Path) -> Iterator[Path]:
    """A socket that somebody listens on."""
    with bound(root / "a.sock") as other:
        other.listen()
        yield root / "a.sock"


def refused(root: Path, path: str) -> int | None:
    """The number of the error with which a place is refused; nothing is left of the try."""
    with DemoSockets(root) as places:
        with pytest.raises(OSError, match=r"\w") as refusal:
            places.bind(path)
        return refusal.value.errno


def test_makes_folders_and_a_socket_and_removes_them_all(root: Path) -> None:
    with DemoSockets(root) as places:
        places.bind("shop/petstore/rpc.sock").close()
        assert (root / "shop/petstore/rpc.sock").is_socket()
    assert not root.exists()
    assert root.parent.exists()


def test_foreign_files_and_folders_stay(root: Path) -> None:
    (root / "mine").mkdir(parents=True)
    with DemoSockets(root) as places:
        places.bind("mine/rpc.sock").close()
        places.bind("other/rpc.sock").close()
        (root / "other/notes.txt").touch()
    left = {str(item.relative_to(root)) for item in root.rglob("*")}
    assert left == {"mine", "other", "other/notes.txt"}


def test_a_socket_that_took_our_place_meanwhile_stays(root: Path) -> None:
    with DemoSockets(root) as places:
        places.bind("a.sock").close()
        (root / "keep-the-inode").hardlink_to(root / "a.sock")
        (root / "a.sock").unlink()
        bound(root / "a.sock").close()
    assert (root / "a.sock").is_socket()


def test_all_is_removed_even_if_some_is_gone_already(root: Path) -> None:
    with DemoSockets(root) as places:
        places.bind("a.sock").close()
        places.bind("b/rpc.sock").close()
        (root / "a.sock").unlink()
    assert not root.exists()


def test_a_stale_socket_is_replaced(root: Path) -> None:
    bound(root / "a.sock").close()
    with DemoSockets(root) as places, places.bind("a.sock") as ours:
        ours.listen()
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(os.fspath(root / "a.sock"))
    assert not (root / "a.sock").exists()


def test_a_live_socket_is_left_alone(root: Path, live: Path) -> None:
    assert refused(root, "a.sock") == errno.EEXIST
    assert live.is_socket()


def test_a_live_socket_whose_queue_is_full_is_left_alone(root: Path) -> None:
    with bound(root / "a.sock") as other, socket.socket(socket.AF_UNIX) as caller:
        other.listen(0)
        caller.connect(os.fspath(root / "a.sock"))
        assert refused(root, "a.sock") == errno.EEXIST
    assert (root / "a.sock").is_socket()


def test_a_socket_of_another_kind_is_left_alone(root: Path) -> None:
    with bound(root / "a.sock", socket.SOCK_DGRAM):
        assert refused(root, "a.sock") == errno.EPROTOTYPE
    assert (root / "a.sock").is_socket()


def test_a_plain_file_is_left_alone(root: Path) -> None:
    root.mkdir()
    (root / "a.sock").write_text("mine")
    assert refused(root, "a.sock") == errno.EEXIST
    assert (root / "a.sock").read_text() == "mine"


def test_a_symlink_is_left_alone_wherever_it_leads(root: Path, live: Path) -> None:
    (root / "b.sock").symlink_to(live)
    (root / "c.sock").symlink_to(root / "nowhere")
    assert refused(root, "b.sock") == errno.EEXIST
    assert refused(root, "c.sock") == errno.EEXIST
    assert (root / "b.sock").is_symlink()


def test_a_file_in_place_of_a_folder_is_left_alone(root: Path) -> None:
    root.mkdir()
    (root / "a").write_text("mine")
    assert refused(root, "a/rpc.sock") == errno.ENOTDIR
    assert (root / "a").read_text() == "mine"


def test_a_path_longer_than_a_socket_address_works(root: Path) -> None:
    deep = root / ("d" * 200) / ("e" * 200)
    with DemoSockets(deep) as places:
        places.bind("a/rpc.sock").close()
        assert (deep / "a/rpc.sock").is_socket()
    assert not root.exists()


def test_where_there_is_no_proc_the_path_itself_is_bound(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "DESCRIPTORS", Path("/nowhere/fd"))
    with DemoSockets(root) as places:
        places.bind("shop/petstore/rpc.sock").close()
        assert (root / "shop/petstore/rpc.sock").is_socket()
