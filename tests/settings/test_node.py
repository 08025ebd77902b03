"""Settings of the node: its name and its folders."""

import os
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
        RouterConfig.from_env()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("variable", ["ROUTER_SOCKET_DIR", "ROUTER_STATE_DIR", "HOME"])
def test_a_folder_whose_name_is_not_utf8_is_refused_in_one_line(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be watched, nor told in JSON. By a flag it comes the same way."""
    odd = os.fsdecode(b"/tmp/\xff")
    monkeypatch.setenv(variable, odd)
    with pytest.raises(ConfigError) as refused:
        RouterConfig.from_env()
    assert re.fullmatch(r"ROUTER_\w+_DIR is not UTF-8: '.*'", str(refused.value))
    assert str(refused.value).isprintable()
    monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", "/tmp")
    with pytest.raises(ConfigError, match="ROUTER_SOCKET_DIR is not UTF-8"):
        RouterConfig.from_env(socket_dir=odd)
