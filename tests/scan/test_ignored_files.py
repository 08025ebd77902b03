"""What looks like a service's socket and is none: told with the reason; a setting decides."""

import os
from pathlib import Path

import pytest

from hero_router.model import MAX_IGNORED
from hero_router.scan.walk import Finder
from hero_router.settings.config import RouterConfig
from hero_router.upstream import ignored_files
from tests.scan.node import Node
from tests.scan.places import bind
from tests.scan.services import Services

DEFAULT = RouterConfig().scan.ignored


def told(root: Path, names: tuple[str, ...] = DEFAULT) -> dict[str, str]:
    """What is ignored, and why."""
    return {os.fsdecode(raw): why for raw, why in Finder(root, names).walk().ignored.items()}


def found(root: Path, names: tuple[str, ...] = DEFAULT) -> list[str]:
    return [item.path for item in Finder(root, names).walk().sockets]


@pytest.mark.parametrize("name", ["redis", "docker", "ssh-agent", "mysqld", "REDIS"])
def test_sockets_of_other_programs_are_no_services(root: Path, name: str) -> None:
    """They are known by name, whatever the case, at any place and through any symlink."""
    bind(root / f"{name}.sock")
    bind(root / f"svc/{name}.sock")
    (root / "svc/rpc.sock").symlink_to(f"{name}.sock")
    assert found(root) == []
    assert told(root) == dict.fromkeys(
        [f"{name}.sock", f"svc/{name}.sock", "svc/rpc.sock"], "ROUTER_IGNORE has its name"
    )


@pytest.mark.parametrize("name", ["gunicorn", "uvicorn", "puma", "php-fpm", "redis-exporter"])
def test_common_names_of_a_web_services_own_socket_are_services(root: Path, name: str) -> None:
    bind(root / f"svc/{name}.sock")
    assert (found(root), told(root)) == ([f"svc/{name}.sock"], {})


def test_a_setting_says_which_names_are_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("redis", "rpc", "tmp-1", "tmp-2"):
        bind(root / f"svc/{name}.sock")
    monkeypatch.setenv("ROUTER_IGNORE", " rpc, TMP-* ,")
    names = RouterConfig.from_env().scan.ignored
    assert names == ("rpc", "TMP-*")
    assert found(root, names) == ["svc/redis.sock"]
    monkeypatch.setenv("ROUTER_IGNORE", "none")
    assert RouterConfig.from_env().scan.ignored == ()
    assert len(found(root, ())) == 4


def test_a_folder_on_the_list_is_not_looked_into_and_is_no_doubt(root: Path) -> None:
    """As one that is somebody else's, and unreadable. Services may lie in a folder named redis."""
    bind(root / "redis/rpc.sock")
    bind(root / "Private/rpc.sock")
    bind(root / "ctx/private/rpc.sock")
    names = (*DEFAULT, "priv*/")
    assert found(root, names) == ["redis/rpc.sock"]
    assert told(root, names) == dict.fromkeys(["Private", "ctx/private"], ignored_files.LISTED)
    assert len(found(root)) == 3
    assert len(found(root, ("priv*", "r?dis"))) == 3, "these are names of files"
    assert found(root, ("*",)) == []
    assert found(root, ("*/",)) == []


def test_what_is_protected_stays_so_whatever_the_setting(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A symlink or hard link gives power over the machine no other name."""
    bind(root / "engine.sock")
    (root / "rpc.sock").hardlink_to(root / "engine.sock")
    monkeypatch.setattr(ignored_files, "PROTECTED", (str(root / "engine.sock"),))
    why = "it controls this machine, or belongs to the router itself"
    assert told(root, ()) == {"engine.sock": why, "rpc.sock": why}


def test_each_reason_tells_why_a_socket_is_not_there(root: Path, tmp_path: Path) -> None:
    bind(tmp_path / "outside/rpc.sock")
    bind(root / "svc/rpc.sock")
    bind(root / "svc/rpc")
    bind(root / "svc/http.socket")
    bind(root / ".sock")
    (root / "svc/file.sock").write_text("not a socket")
    (root / "svc/notes.txt").write_text("nobody takes it for one")
    (root / "svc/config").symlink_to("/etc/hostname")
    (root / "svc/dangling").symlink_to("nowhere")
    (root / "svc/out.sock").symlink_to(tmp_path / "outside/rpc.sock")
    (root / "svc/gone.sock").symlink_to("nowhere.sock")
    (root / "svc/again").symlink_to("rpc.sock")
    (root / "out").symlink_to(tmp_path / "outside")
    assert found(root) == ["svc/rpc.sock"]
    assert told(root) == {
        "svc/rpc": ignored_files.UNNAMED,
        "svc/http.socket": ignored_files.UNNAMED,
        ".sock": ignored_files.UNNAMED,
        "svc/file.sock": ignored_files.NOT_A_SOCKET,
        "svc/out.sock": ignored_files.ASTRAY,
        "out": ignored_files.ASTRAY,
        "svc/gone.sock": ignored_files.NOWHERE,
    }


async def test_the_nodes_report_counts_all_and_names_some(node: Node, services: Services) -> None:
    services.stale("svc/rpc.sock")
    for number in range(MAX_IGNORED + 20):
        (node.root / f"x{number:03}.sock").touch()
    await node.worker().scan_once()
    report = node.store.nodes["n"]
    assert (report.ignored_count, len(report.ignored)) == (MAX_IGNORED + 20, MAX_IGNORED)
    assert next(iter(report.ignored)) == "x000.sock"
    for place in node.root.glob("x*.sock"):
        place.unlink()
    (node.root / os.fsdecode(b"\xff.sock")).touch()
    await node.worker().scan_once()
    report = node.store.nodes["n"]
    assert (report.ignored_count, report.ignored) == (1, {"\\xff.sock": "it is not a socket"})
