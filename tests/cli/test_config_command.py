"""`config`, `--help` and flags: what holds, where it comes from, and nothing secret."""

import json

import pytest
from click.testing import CliRunner, Result

from hero_router.cli import COMMANDS, main
from hero_router.settings.config import SETTINGS


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=environment, catch_exceptions=False)


def shown(**environment: str) -> dict[str, dict[str, str]]:
    rows = json.loads(run("config", "--json", **environment).stdout)
    return {row["variable"]: row for row in rows}


def test_each_setting_is_shown_with_value_source_and_meaning() -> None:
    rows = shown(ROUTER_SSE_BUFFER="2048")
    assert len(rows) == len(SETTINGS)
    assert rows["ROUTER_SSE_BUFFER"]["value"] == "2048"
    assert rows["ROUTER_SSE_BUFFER"]["source"] == "ROUTER_SSE_BUFFER"
    assert rows["ROUTER_PORT"]["source"] == "default"
    assert all(row["meaning"] for row in rows.values())


def test_a_flag_wins_over_the_environment() -> None:
    answer = run("config", "--json", "--sse-buffer", "99", ROUTER_SSE_BUFFER="2048")
    row = next(
        each for each in json.loads(answer.stdout) if each["variable"] == "ROUTER_SSE_BUFFER"
    )
    assert (row["value"], row["source"]) == ("99", "--sse-buffer")


def test_a_window_that_no_worker_could_load_is_rejected() -> None:
    assert shown(ROUTER_SSE_BUFFER="100000")["ROUTER_SSE_BUFFER"]["value"] == "100000"
    assert run("config", "--check", ROUTER_SSE_BUFFER="100001").exit_code == 1


def test_check_fails_when_a_value_is_rejected_and_says_why() -> None:
    assert run("config", "--check").exit_code == 0
    answer = run("config", "--check", ROUTER_SSE_BUFFER="0")
    assert answer.exit_code == 1
    assert "ROUTER_SSE_BUFFER='0' is rejected" in answer.stderr


def test_a_password_is_never_shown() -> None:
    answer = run("config", ROUTER_REDIS_URL="redis://me:hunter2@host:6379/0")
    assert "hunter2" not in answer.output
    assert "redis://me:***@host:6379/0" in answer.output


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_a_flag_out_of_range_is_a_usage_error(value: str) -> None:
    answer = run("config", "--sse-buffer", value)
    assert answer.exit_code == 2
    assert "--sse-buffer" in answer.stderr


def test_help_names_every_command() -> None:
    """Also a second time, when all commands' modules are there."""
    for _ in range(2):
        text = run("--help").stdout
        assert [name for name in COMMANDS if f"  {name} " not in text] == []


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(name: str) -> None:
    answer = run(name, "--help")
    assert answer.exit_code == 0
    assert len(answer.stdout.splitlines()[2].strip()) > 20


FLAGS = [item.flag for item in SETTINGS if not item.private]


def test_every_setting_is_a_flag_of_serve() -> None:
    text = run("serve", "--help").stdout
    assert [flag for flag in FLAGS if flag not in text] == []


def test_every_setting_is_a_flag_of_the_process_that_it_is_for() -> None:
    """Only `serve` has a state folder."""
    text = run("web", "--help").stdout + run("scanner", "--help").stdout
    lacking = [flag for flag in FLAGS if flag not in text]
    assert lacking == ["--state-dir"]


def test_web_and_scanner_need_to_know_where_redis_is() -> None:
    for name in ("web", "scanner"):
        answer = run(name, ROUTER_REDIS_URL="")
        assert answer.exit_code == 2
        assert "ROUTER_REDIS_URL is not set" in answer.stderr
