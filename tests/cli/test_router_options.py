"""Where commands find the router: what was named, the variable, else the settings."""

import pytest
from click.testing import CliRunner

from hero_router.cli import main
from hero_router.cli.router_options import resolve
from tests.support.command import run


def test_the_address_is_the_one_that_was_named_or_that_of_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROUTER_PORT", "1234")
    monkeypatch.setenv("ROUTER_HOST", "0.0.0.0")
    assert resolve(None) == "http://127.0.0.1:1234"
    assert resolve("http://router.example:80/") == "http://router.example:80"


@pytest.mark.parametrize("name", ["list", "scan", "events", "clients"])
def test_each_command_takes_the_address_from_a_variable_unless_a_flag_names_one(name: str) -> None:
    variable = {"ROUTER_URL": "http://127.0.0.1:1"}
    answer = CliRunner().invoke(main, [name], env=variable)
    assert "no router answers at http://127.0.0.1:1:" in answer.stderr
    answer = CliRunner().invoke(main, [name, "--url", "http://127.0.0.1:2"], env=variable)
    assert "no router answers at http://127.0.0.1:2:" in answer.stderr


def test_the_variable_of_the_address_is_no_misspelled_setting() -> None:
    answer = CliRunner().invoke(main, ["config", "--check"], env={"ROUTER_URL": "http://x"})
    assert (answer.exit_code, answer.stderr) == (0, "")


@pytest.mark.parametrize("name", ["list", "scan", "events", "clients"])
def test_without_a_router_one_line_says_so(name: str) -> None:
    answer = run(name, "--url", "http://127.0.0.1:1")
    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert len(answer.stderr.strip().splitlines()) == 1
    assert "no router answers at http://127.0.0.1:1: Connection refused" in answer.stderr


@pytest.mark.parametrize("url", ["foo", "ftp://x", "http://[", "127.0.0.1:9988"])
def test_a_text_that_is_no_address_is_refused(url: str) -> None:
    answer = run("list", "--url", url)
    assert answer.exit_code == 1
    assert answer.stderr == f"hero_router: {url} is no address like http://127.0.0.1:9988\n"
