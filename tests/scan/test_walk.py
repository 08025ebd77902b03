"""Finding sockets: three layouts, only real sockets, no way out of the root, no storm of "gone"."""

import errno
import logging
import os
import stat
from pathlib import Path

import pytest

from hero_router.scan.service_names import services
from hero_router.scan.walk import Finder, WalkResult
from tests.scan.places import bind
from tests.support.users import unprivileged


def walk(root: Path) -> WalkResult:
    return Finder(root).walk()


def paths(found: WalkResult) -> list[str]:
    return [item.path for item in found.sockets]


def test_three_layouts_in_one_tree_with_their_roles(root: Path) -> None:
    for path in ("a/rpc.sock", "a/ui.sock", "a/web_docs.sock", "a/x.sock", "b.sock"):
        bind(root / path)
    bind(root / "prod/a/admin.sock")
    found = {item.path: item for item in walk(root).sockets}
    assert {path: item.role for path, item in found.items()} == {
        "a/rpc.sock": "rpc",
        "a/ui.sock": "admin",
        "a/web_docs.sock": "web_docs",
        "a/x.sock": "other",
        "b.sock": "rpc",
        "prod/a/admin.sock": "admin",
    }
    seen = {(item.context, item.name) for item in services("n", found.values()).values()}
    assert seen == {("default", "a"), ("default", "b"), ("prod", "a")}


def test_nothing_below_three_levels_is_looked_at(root: Path) -> None:
    bind(root / "a/b/c/rpc.sock")
    bind(root / "a/b/rpc.sock")
    assert paths(walk(root)) == ["a/b/rpc.sock"]


def test_only_socket_files_count_and_a_fifo_is_never_opened(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each other `x.sock` gets one debug line, once, and no walk hangs on a FIFO."""
    (root / "svc").mkdir()
    (root / "svc/file.sock").write_text("not a socket")
    (root / "svc/folder.sock").mkdir()
    os.mkfifo(root / "svc/fifo.sock")
    # The one device that needs no privilege: what overlay file systems mark a deletion with.
    os.mknod(root / "svc/device.sock", stat.S_IFCHR | 0o600, os.makedev(0, 0))
    finder = Finder(root)
    with caplog.at_level(logging.DEBUG, "hero_router.scan.walk"):
        assert finder.walk().sockets == ()
        assert finder.walk().sockets == ()
    assert sorted(record.args[0] for record in caplog.records if record.args) == [  # type: ignore[index,type-var]
        "svc/device.sock",
        "svc/fifo.sock",
        "svc/file.sock",
        "svc/folder.sock",
    ]


def test_symlinks_are_followed_only_inside_the_root(root: Path, tmp_path: Path) -> None:
    """Outside, looping and dangling ones are refused, and none makes the walk hang."""
    bind(tmp_path / "outside/rpc.sock")
    bind(root / "real/rpc.sock")
    (root / "alias").symlink_to("real")
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "real/out.sock").symlink_to(tmp_path / "outside/rpc.sock")
    (root / "real/dangling.sock").symlink_to("nowhere.sock")
    (root / "real/loop.sock").symlink_to("loop.sock")
    (root / "real/up").symlink_to("..")
    (root / "real/self").symlink_to(".")
    (root / "here").symlink_to(".")
    assert paths(walk(root)) == ["alias/rpc.sock", "real/rpc.sock"]


def test_a_root_that_is_itself_a_symlink_is_walked(root: Path, tmp_path: Path) -> None:
    bind(root / "a/rpc.sock")
    (tmp_path / "link").symlink_to(root)
    assert paths(walk(tmp_path / "link")) == ["a/rpc.sock"]


def test_own_sockets_are_known_by_inode_under_any_name(root: Path) -> None:
    """A hard link or symlink does not disguise the router's own socket."""
    bind(root / "private/store.sock")
    (root / "svc").mkdir()
    (root / "svc/rpc.sock").hardlink_to(root / "private/store.sock")
    (root / "svc/admin.sock").symlink_to(root / "private/store.sock")
    bind(root / "ok.sock")
    seen = Finder(root, own=[root / "private/store.sock"]).walk()
    assert paths(seen) == ["ok.sock"]
    assert seen.ignored.keys() == {b"private/store.sock", b"svc/rpc.sock", b"svc/admin.sock"}


def test_flat_names_of_255_bytes_are_found(root: Path) -> None:
    bind(root / ("y" * 250 + ".sock"))
    assert [item.service for item in walk(root).sockets] == [b"y" * 250]


def test_a_file_named_only_sock_is_no_service(root: Path) -> None:
    bind(root / ".sock")
    assert walk(root).sockets == ()


def test_too_many_sockets_are_cut_off_the_same_way_each_time(root: Path) -> None:
    """The count is bounded, and the walk says so."""
    for number in range(6):
        bind(root / f"s{number}.sock")
    cut = Finder(root, max_sockets=4).walk()
    assert paths(cut) == ["s0.sock", "s1.sock", "s2.sock", "s3.sock"]
    assert cut.truncated == "it has more than 4 sockets"
    assert Finder(root, max_entries=3).walk().truncated == "it has more than 3 files"
    assert Finder(root, max_sockets=6, max_entries=6).walk().truncated is None


def test_a_missing_root_is_unreadable_and_has_no_identity(root: Path) -> None:
    root.rmdir()
    gone = walk(root)
    assert (gone.unreadable, gone.root) == ({b"": errno.ENOENT}, None)
    root.write_text("a file in its place")
    assert walk(root).unreadable == {b"": errno.ENOTDIR}
    root.unlink()


def test_an_unreadable_folder_is_blind_and_the_others_are_seen(root: Path) -> None:
    bind(root / "open/rpc.sock")
    bind(root / "shut/rpc.sock")
    root.chmod(0o755)
    (root / "shut").chmod(0)
    with unprivileged():
        found = walk(root)
    (root / "shut").chmod(0o700)
    assert paths(found) == ["open/rpc.sock"]
    assert found.unreadable == {b"shut": errno.EACCES}


def test_a_file_systems_own_folder_is_no_part_of_the_services(root: Path) -> None:
    """Only root may read it: it would be doubted for ever by who is not."""
    bind(root / "lost+found/rpc.sock")
    bind(root / "a/lost+found/rpc.sock")
    seen = walk(root)
    assert (paths(seen), seen.unreadable) == (["a/lost+found/rpc.sock"], {})


def test_a_socket_that_becomes_our_own_after_a_walk_is_found_no_more(tmp_path: Path) -> None:
    """As when Redis is restarted with a symlink to a socket below the root."""
    bind(tmp_path / "root/redis-main.sock")
    finder = Finder(tmp_path / "root", own=[tmp_path / "own"])
    assert len(finder.walk().sockets) == 1
    (tmp_path / "own").symlink_to(tmp_path / "root/redis-main.sock")
    assert finder.walk().sockets == ()


def test_a_socket_that_stays_as_it_is_is_the_same_object_in_the_next_walk(tmp_path: Path) -> None:
    """Thousands of them need not be looked at more closely in each scan."""
    bind(tmp_path / "a.sock")
    finder = Finder(tmp_path)
    (first,), (second,) = finder.walk().sockets, finder.walk().sockets
    assert second is first
    (tmp_path / "a.sock").chmod(0o600)
    (third,) = finder.walk().sockets
    assert third.identity != first.identity
