"""With `ROUTER_LOG_FORMAT=json` a process that runs on prints nothing but JSON, errors included."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.wait import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = [sys.executable, "-m", "hero_router"]
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py"]
APPLICATION = "hero_router.web.app:application"


def records(command: Sequence[str], **environment: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code, and everything that it printed."""
    clean = {name: value for name, value in os.environ.items() if "ROUTER" not in name}
    done = subprocess.run(
        command,
        env={**clean, **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return done.returncode, [*map(json.loads, done.stdout.splitlines())]


@pytest.mark.parametrize(
    "command",
    [
        [*OURS, "serve"],
        [*OURS, "web"],
        [*OURS, "scanner"],
        [*OURS, "demo"],
        [*GUNICORN, APPLICATION],
    ],
    ids=["serve", "web", "scanner", "demo", "gunicorn"],
)
def test_settings_that_leave_nothing_to_run_with_are_one_record(
    command: Sequence[str],
) -> None:
    code, (record,) = records(command, ROUTER_LOG_FORMAT="json", ROUTER_REDIS_PREFIX="untagged")
    assert (code, record["level"]) == (2, "critical")
    assert record["message"] == "ROUTER_REDIS_PREFIX='untagged' must contain a {hash tag}"


def test_the_flag_is_as_good_as_the_variable() -> None:
    code, (record,) = records([*OURS, "web", "--log-format", "json"])
    assert (code, record["level"]) == (2, "critical")
    assert record["message"] == "ROUTER_REDIS_URL is not set: scanner and web workers need a Redis"


@pytest.mark.parametrize(
    ("command", "wrong", "told"),
    [
        ("serve", "--bogus", "No such option"),
        ("web", "--bogus", "No such option"),
        ("scanner", "--bogus", "No such option"),
        ("demo", "--bogus", "No such option"),
        ("scanner", "--log-level", "requires an argument"),
        ("scanner", "more", "more"),
    ],
)
def test_an_error_of_the_command_line_is_one_record(command: str, wrong: str, told: str) -> None:
    code, (record,) = records([*OURS, command, wrong], ROUTER_LOG_FORMAT="json")
    assert (code, record["level"]) == (2, "critical")
    assert told in record["message"]


@pytest.mark.parametrize("arguments", [["list", "--bogus"], ["lst"], ["web", "--bogus"]])
def test_an_error_of_the_command_line_is_text_where_people_read_it(arguments: list[str]) -> None:
    """Commands for people have no log; neither has one that does not exist."""
    form = "text" if "web" in arguments else "json"
    answer = subprocess.run(
        [*OURS, *arguments],
        env={**os.environ, "ROUTER_LOG_FORMAT": form},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("Usage: ")


def test_an_error_of_the_program_itself_is_one_record_with_its_traceback() -> None:
    program = (
        "from hero_router.cli import main\n"
        "import hero_router.cli.demo as demo\n"
        "def fail(*_): raise OSError('no such luck')\n"
        "demo.asyncio.run = fail\n"
        "main(['demo'])"
    )
    code, (record,) = records(
        [sys.executable, "-W", "ignore", "-c", program], ROUTER_LOG_FORMAT="json"
    )
    assert (code, record["level"]) == (1, "critical")
    assert record["message"] == "hero_router ends because of a bug in it: OSError: no such luck"
    assert "Traceback" in record["exception"]
