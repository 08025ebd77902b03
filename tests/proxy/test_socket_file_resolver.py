"""Which socket file a record leads to: only a service's, and only below the root."""

import os
import socket
from pathlib import Path

import pytest

from hero_router.proxy import socket_file_resolver
from hero_router.proxy.socket_file_resolver import SocketFileResolver
from hero_router.settings.config import RouterConfig
from hero_router.upstream import ignored_files
from hero_router.upstream.ignored_files import IgnoredFiles
from hero_router.upstream.safe_connect import NoResponse
from tests.scan.places import bind

IGNORED = RouterConfig().scan.ignored


def record(path: str) -> dict[str, str]:
    return {"path": path}


def locator(root: Path, *, own: tuple[Path, ...] = (), ignored: tuple[str, ...] = IGNORED,
            now: list[float] | None = None) -> SocketFileResolver:  # fmt: skip
    clock = now or [0.0]
    return SocketFileResolver(root, IgnoredFiles(ignored, own), lambda: clock[0])


@pytest.mark.parametrize(
    "path",
    [
        "docker.sock", "shop/docker.sock", "shop/ssh-agent.sock", "shop/Redis.SOCK",
        "shop/redis.sock", "private/rpc.sock", "shop/gunicorn.ctl", "shop/.sock",
    ],
)  # fmt: skip
def test_a_record_cannot_lead_to_what_the_scanner_ignores(tmp_path: Path, path: str) -> None:
    bind(tmp_path / path)
    with pytest.raises(NoResponse):
        locator(tmp_path, ignored=(*IGNORED, "private/")).find(record(path))


def test_what_gives_power_over_the_machine_is_known_by_any_name_and_through_any_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind(tmp_path / "engine.sock")
    (tmp_path / "rpc.sock").hardlink_to(tmp_path / "engine.sock")
    (tmp_path / "web.sock").symlink_to("engine.sock")
    own = tmp_path / "backplane.sock"
    bind(own)
    monkeypatch.setattr(ignored_files, "PROTECTED", (str(tmp_path / "engine.sock"),))
    found = locator(tmp_path, own=(own,), ignored=())
    for path in ("engine.sock", "rpc.sock", "web.sock", "backplane.sock"):
        with pytest.raises(NoResponse, match="it controls this machine"):
            found.find(record(path))


def test_a_link_to_an_ignored_name_and_a_file_that_is_no_socket_are_refused(tmp_path: Path) -> None:
    bind(tmp_path / "shop/redis.sock")
    (tmp_path / "shop/rpc.sock").symlink_to("redis.sock")
    (tmp_path / "shop/web.sock").write_text("no socket")
    os.mkfifo(tmp_path / "shop/admin.sock")
    for name in ("rpc", "web", "admin"):
        with pytest.raises(NoResponse):
            locator(tmp_path).find(record(f"shop/{name}.sock"))


@pytest.mark.parametrize("path", ["../outside.sock", "/outside.sock", "a/../../outside.sock"])
def test_no_path_leads_out_of_the_root(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    bind(tmp_path / "outside.sock")
    with pytest.raises(NoResponse):
        locator(root).find(record(path))


def test_an_address_is_looked_up_again_after_a_moment_or_when_it_was_wrong(tmp_path: Path) -> None:
    now = [0.0]
    path = tmp_path / "shop.sock"
    bind(path)
    found = locator(tmp_path, now=now)
    first = found.find(record("shop.sock"))
    _bind_anew(path)
    assert found.find(record("shop.sock")) == first
    found.forget(record("shop.sock"))
    second = found.find(record("shop.sock"))
    assert second != first
    _bind_anew(path)
    now[0] = socket_file_resolver.KEPT_SECONDS
    assert found.find(record("shop.sock")) != second


def test_only_the_newest_addresses_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_file_resolver, "MOST_KEPT", 3)
    found = locator(tmp_path)
    for number in range(5):
        bind(tmp_path / f"{number}.sock")
        found.find(record(f"{number}.sock"))
    for number in range(5):
        (tmp_path / f"{number}.sock").unlink()
    assert [number for number in range(5) if _is_remembered(found, number)] == [2, 3, 4]


def _is_remembered(found: SocketFileResolver, number: int) -> bool:
    try:
        found.find(record(f"{number}.sock"))
    except NoResponse:
        return False
    return True


def _bind_anew(path: Path) -> None:
    """Replace the socket file while the old one still exists, so that the inode is another one."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"{path}.new")
    os.replace(f"{path}.new", path)  # noqa: PTH105 - at once
