"""Deleting a stale socket: that very file in that very folder, whatever happens beside it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hero_router.scan.dead_socket_files import unlink
from hero_router.scan.walk import Finder, SocketFile
from tests.scan.places import bind


def found(root: Path) -> SocketFile:
    """The only socket."""
    (item,) = Finder(root).walk().sockets
    return item


def just_before(call: str, act: Callable[[], object], patch: pytest.MonkeyPatch) -> None:
    """Have something happen between the last look at the file and what is done to it then."""
    real = getattr(os, call)

    def late(*arguments: object, **how: object) -> object:
        patch.setattr(os, call, real)
        act()
        return real(*arguments, **how)

    patch.setattr(os, call, late)


def test_a_socket_is_deleted_and_nothing_is_left_of_it(root: Path) -> None:
    bind(root / "svc/a.sock")
    assert unlink(found(root))
    assert list((root / "svc").iterdir()) == []


def test_a_socket_that_was_bound_anew_is_spared(root: Path) -> None:
    bind(root / "a.sock")
    old = found(root)
    (root / "a.sock").unlink()
    bind(root / "a.sock")
    assert not unlink(old)
    assert (root / "a.sock").is_socket()


def test_one_that_is_bound_anew_in_the_last_moment_is_put_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(root / "a.sock")
    old = found(root)

    def bind_anew() -> None:
        (root / "a.sock").unlink()
        bind(root / "a.sock")

    just_before("rename", bind_anew, monkeypatch)
    assert not unlink(old)
    assert [path.name for path in root.iterdir()] == ["a.sock"]
    assert found(root).identity[:2] != old.identity[:2]


def test_a_folder_that_was_swapped_for_a_symlink_leads_nowhere_else(
    root: Path, tmp_path: Path
) -> None:
    """Not even where the very same file is found behind it."""
    bind(root / "svc/a.sock")
    old = found(root)
    (root / "svc").rename(tmp_path / "svc")
    (root / "svc").symlink_to(tmp_path / "svc")
    assert not unlink(old)
    assert (tmp_path / "svc/a.sock").is_socket()


def test_a_folder_that_is_swapped_in_the_last_moment_is_still_the_one_that_was_opened(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another service's socket of the same name, in the folder that took the place, is spared."""
    bind(root / "svc/a.sock")
    bind(tmp_path / "other/a.sock")
    old = found(root)
    moved = tmp_path / "svc"

    def swap() -> None:
        (root / "svc").rename(moved)
        (tmp_path / "other").rename(root / "svc")

    just_before("rename", swap, monkeypatch)
    assert unlink(old)
    assert list(moved.iterdir()) == []
    assert (root / "svc/a.sock").is_socket()


def test_a_folder_that_is_gone_is_logged_and_harms_nothing(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bind(root / "svc/a.sock")
    old = found(root)
    (root / "svc/a.sock").unlink()
    (root / "svc").rmdir()
    assert not unlink(old)
    assert (
        "svc/a.sock, on which nothing listens, cannot be deleted: No such file or directory"
        in caplog.text
    )


def test_where_no_file_can_be_held_none_is_deleted(
    root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS."""
    bind(root / "svc/a.sock")
    monkeypatch.delattr(os, "O_PATH")
    assert not unlink(found(root))
    assert (root / "svc/a.sock").is_socket()
    assert "svc/a.sock, on which nothing listens, is not deleted: this system" in caplog.text
