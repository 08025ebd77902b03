"""Flags: one for each setting, over the environment; and what a process says of bad variables."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hero_router.cli import main
from hero_router.settings.config import SETTINGS
from hero_router.settings.setting import Setting, plain
from tests.support.wait import PATIENCE_SECONDS

WARNING = (
    "ROUTER_SSE_BUFFER='0' is rejected: it must be a whole number from 1 to 100000; "
    "using the default 1024"
)
FLAGGED = [item for item in SETTINGS if not item.private]
NUMBERS = [item for item in SETTINGS if item.kind in ("int", "float")]
SPECIAL = {
    "allowed_hosts": "router.example.org",
    "domain": "router.example.org",
    "trusted_proxies": "10.0.0.7",
    "redis_url": "unix:///run/redis.sock",
    "redis_prefix": "{other}",
    "log_level": "debug",
    "log_format": "json",
    "allow_ips": "10.0.0.7",
    "auth_header": "X-User",
    "webhook_events": "service.down",
    "auth_roles_header": "X-Roles",
    "auth_contexts_header": "X-Contexts",
    "access_log": "text",
    "advertise_url": "https://router.example.org",
    "peers": f"a https://a.example ed25519:{'A' * 43}",
    "oidc_issuer": "https://login.example",
    "oidc_scopes": "openid groups",
}
PROVIDER = ("--oidc-issuer", "https://login.example", "--oidc-client-id", "router")
NEEDS: Mapping[str, Sequence[str]] = {
    "viewer_token_file": ("--token-file", "/nowhere/token"),
    "auth_roles_header": ("--auth-header", "X-User"),
    "auth_contexts_header": ("--auth-header", "X-User"),
    "peers": ("--node-key-file", "/nowhere/key"),
    "peers_file": ("--node-key-file", "/nowhere/key"),
    "oidc_issuer": PROVIDER[2:],
    "oidc_client_id": PROVIDER[:2],
    "oidc_roles_claim": (*PROVIDER, "--oidc-admin-values", "ops"),
    "oidc_admin_values": (*PROVIDER, "--oidc-roles-claim", "groups"),
    "oidc_viewer_values": (*PROVIDER, "--oidc-roles-claim", "groups"),
    **dict.fromkeys(("oidc_client_secret_file", "oidc_contexts_claim", "oidc_ca_file"), PROVIDER),
}
"""Settings that mean nothing without another one."""


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env=environment, catch_exceptions=False)


def process(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A command as a user starts it; it logs in its own way only as a process of its own."""
    clean = {name: value for name, value in os.environ.items() if "ROUTER" not in name}
    command = [sys.executable, "-m", "hero_router", *arguments]
    return subprocess.run(
        command,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def another(item: Setting) -> str:
    """A value that is not the default."""
    if item.kind in ("int", "float"):
        return plain(item.low if item.default != item.low else item.high)
    return SPECIAL.get(item.name, f"/nowhere/{item.name}")


def test_a_secret_has_no_flag_as_other_users_can_see_command_lines() -> None:
    private = [item for item in SETTINGS if item.private]
    assert {"token", "viewer_token"} <= {item.name for item in private}
    for item in private:
        assert run("config", item.flag, "x").exit_code == 2


@pytest.mark.parametrize("item", FLAGGED, ids=lambda item: item.name)
def test_each_setting_has_a_flag_that_wins_over_its_variable(item: Setting) -> None:
    value = another(item)
    arguments = [item.flag] if item.kind == "bool" else [item.flag, value]
    arguments += NEEDS.get(item.name, ())
    answer = run("config", "--json", *arguments, **{item.variables[0]: plain(item.default)})
    assert answer.exit_code == 0, answer.output
    rows = {row["variable"]: row for row in json.loads(answer.stdout)}
    row = rows[item.variables[0]]
    assert (row["value"], row["source"]) == ("1" if item.kind == "bool" else value, item.flag)


@pytest.mark.parametrize("item", NUMBERS, ids=lambda item: item.name)
def test_a_number_out_of_range_is_refused_under_its_name(item: Setting) -> None:
    zero = ("0",) if item.low > 0 and not item.off else ()
    for value in (*zero, "-1", "many", "nan", "inf", plain(item.high + 1)):
        answer = run("config", item.flag, value)
        assert answer.exit_code == 2
        assert item.name in answer.stderr.replace("-", "_")


def test_a_flag_that_0_switches_off_may_not_be_nearly_0() -> None:
    assert run("config", "--sse-max-age-seconds", "0").exit_code == 0
    answer = process("config", "--sse-max-age-seconds", "0.001")
    assert answer.returncode == 2
    assert "'--sse-max-age-seconds': 0.001 is not in the range 10<=x<=604800" in answer.stderr


def test_config_says_each_rejection_once() -> None:
    answer = process("config", "--check", ROUTER_SSE_BUFFER="0")
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [WARNING]


def test_a_variable_that_only_looks_like_a_setting_is_reported() -> None:
    strange = {"ROUTER_SSE_BUFER": "3", "ROUTER_QWXYZ": "3"}
    answer = process("config", "--check", **strange)
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        "ROUTER_QWXYZ is no setting",
        "ROUTER_SSE_BUFER is no setting: is ROUTER_SSE_BUFFER meant?",
    ]


def test_config_ignores_a_variable_that_a_flag_replaces() -> None:
    answer = process("config", "--check", "--sse-buffer", "2048", ROUTER_SSE_BUFFER="0")
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_process_warns_once_and_as_it_logs() -> None:
    lines = process("web", ROUTER_SSE_BUFFER="0").stderr.splitlines()
    (told,) = [line for line in lines if "ROUTER_SSE_BUFFER" in line]
    assert " WARNING " in told
    assert told.endswith(WARNING)
    lines = process("web", "--log-format", "json", ROUTER_SSE_BUFFER="0").stderr.splitlines()
    (line,) = [line for line in lines if "ROUTER_SSE_BUFFER" in line]
    record: dict[str, Any] = json.loads(line)
    assert (record["level"], record["message"]) == ("warning", WARNING)


def test_a_process_does_not_warn_of_a_variable_that_a_flag_replaces() -> None:
    lines = process("web", "--sse-buffer", "9", ROUTER_SSE_BUFFER="0").stderr
    assert "ROUTER_SSE_BUFFER" not in lines


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file, where a folder is wanted."""
    found = tmp_path / "file"
    found.touch()
    return found


@pytest.mark.parametrize("command", ["serve", "scanner", "demo"])
def test_a_value_that_leaves_nothing_to_run_with_is_one_line_and_code_2(
    command: str, file: Path
) -> None:
    answer = process(command, "--socket-dir", str(file), ROUTER_REDIS_URL="unix:///r.sock")
    assert answer.returncode == 2
    assert answer.stderr.splitlines() == [f"hero_router: ROUTER_SOCKET_DIR is not a folder: {file}"]


def test_only_those_who_use_a_folder_ask_that_it_can_be_one(file: Path) -> None:
    """Web uses none: where it runs there may be no home and no sockets."""
    answer = process("web", HOME=str(file), ROUTER_SOCKET_DIR=str(file))
    assert answer.stderr.splitlines() == [
        "hero_router: ROUTER_REDIS_URL is not set: scanner and web workers need a Redis"
    ]
    answer = process("list", "--url", "http://127.0.0.1:1", HOME=str(file))
    assert "no router answers" in answer.stderr


def test_config_checks_the_folders_that_are_set_and_no_default(file: Path) -> None:
    answer = process("config", "--check", HOME=str(file))
    assert (answer.returncode, answer.stderr) == (0, "")
    answer = process("config", "--check", HOME=str(file), ROUTER_STATE_DIR=str(file))
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [f"ROUTER_STATE_DIR is not a folder: {file}"]
