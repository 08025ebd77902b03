"""Settings of the node: its name and its folders."""

import os
import pwd
import re
from pathlib import Path

import pytest

from hero_router.errors import ConfigError
from hero_router.settings.config import SETTINGS, RouterConfig, sources


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "x" * 129])
def test_a_name_has_at_most_128_printable_characters(name: str) -> None:
    with pytest.raises(ConfigError, match="ROUTER_NODE"):
        RouterConfig.of(node=name)


def test_the_root_has_three_names_and_the_first_that_is_set_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = ("ROUTER_SOCKET_DIR", "HERO_SOCKET_DIR", "PATH_SOCKET")
    assert next(item for item in SETTINGS if item.name == "socket_dir").variables == names
    for name in reversed(names):
        monkeypatch.setenv(name, f"{tmp_path}/{name}")
        assert RouterConfig.from_env().node.root == tmp_path / name
        assert sources()["socket_dir"] == name
    monkeypatch.setenv("ROUTER_SOCKET_DIR", "")
    assert RouterConfig.from_env().node.root == tmp_path / "HERO_SOCKET_DIR"


def test_the_root_may_begin_at_home_and_need_not_exist_yet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert RouterConfig.of(socket_dir="~/not/yet").node.root == tmp_path / "not/yet"


def require(variable: str) -> None:
    """Ask for the folder of a variable, as the processes that use it do."""
    node = RouterConfig.from_env().node
    (node.require_state if variable == "ROUTER_STATE_DIR" else node.require_root)()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ROUTER_SOCKET_DIR", "/dev/null"),
        ("HERO_SOCKET_DIR", "/dev/null/below"),
        ("ROUTER_SOCKET_DIR", "~nobody-of-that-name/sockets"),
        ("ROUTER_SOCKET_DIR", "x" * 300),
        ("ROUTER_STATE_DIR", "/dev/null"),
        ("ROUTER_STATE_DIR", "/dev/null/two/below"),
    ],
)
def test_a_folder_that_cannot_be_one_is_refused_in_one_line(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=variable.replace("HERO", "ROUTER")) as refused:
        require(variable)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("variable", ["ROUTER_SOCKET_DIR", "ROUTER_STATE_DIR", "HOME"])
def test_a_folder_whose_name_is_not_utf8_is_refused_in_one_line(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be watched, nor told in JSON. By a flag it comes the same way."""
    odd = os.fsdecode(b"/tmp/\xff")
    monkeypatch.setenv(variable, odd)
    with pytest.raises(ConfigError) as refused:
        require(variable)
    assert re.fullmatch(r"ROUTER_\w+_DIR is not UTF-8: '.*'", str(refused.value))
    assert str(refused.value).isprintable()
    with pytest.raises(ConfigError, match="ROUTER_SOCKET_DIR is not UTF-8"):
        RouterConfig.from_env(socket_dir=odd).node.require_root()


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user has no home: no HOME, and no entry among the users, as in many containers."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_needs_none_if_the_folders_are_set(tmp_path: Path) -> None:
    node = RouterConfig.of(socket_dir=str(tmp_path / "a"), state_dir=str(tmp_path / "b")).node
    node.require_root()
    node.require_state()
    assert (node.root, node.state) == (tmp_path / "a", tmp_path / "b")


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_is_told_which_setting_to_set_when_its_folder_is_used() -> None:
    node = RouterConfig.from_env().node
    with pytest.raises(ConfigError) as refused:
        node.require_state()
    assert str(refused.value) == (
        "ROUTER_STATE_DIR is ~/hero/var/router, but this user has no home folder: "
        "set ROUTER_STATE_DIR to a path that begins with /"
    )


def test_a_home_of_another_user_who_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigError, match="the user 'nobody-of-that-name' has no home folder"):
        RouterConfig.of(socket_dir="~nobody-of-that-name/sockets").node.require_root()
