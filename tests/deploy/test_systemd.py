"""deploy/systemd: units that systemd accepts, that run what exists, and that may do little."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hero_router.cli import COMMANDS
from hero_router.server.gunicorn import GRACEFUL_SECONDS
from hero_router.settings.config import SETTINGS
from tests.deploy.compose import TOP

FOLDER = TOP / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
COMMON = "hero_router-.service.d/common.conf"
INSTALLED = "/opt/hero_router/bin"

LARGEST_EXPOSURE = 20
"""In tenths, on systemd's scale from 0 to 10; a unit without any hardening has 96."""

VARIABLES = {name: item for item in SETTINGS for name in item.variables}


def entries(file: str, name: str) -> list[str]:
    """The values of one key in a unit file, in their order."""
    text = (FOLDER / file).read_text("utf-8")
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as they are installed, with this environment's programs in place of /opt's."""
    folder = tmp_path / "system"
    shutil.copytree(FOLDER, folder)
    for unit in folder.glob("*.service"):
        ours = unit.read_text("utf-8").replace(INSTALLED, str(Path(sys.executable).parent))
        unit.write_text(ours, "utf-8")
    return folder


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze; it reads files and asks no running systemd."""
    program = shutil.which("systemd-analyze")
    assert program is not None, "systemd-analyze is missing: apt-get install systemd"
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", [unit.name for unit in UNITS])
def test_systemd_accepts_the_unit_without_a_warning(installed: Path, name: str) -> None:
    done = analyze("verify", "--man=no", str(installed / name))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", [unit.name for unit in UNITS])
def test_the_unit_may_do_little(installed: Path, name: str) -> None:
    """The shared drop-in applies to it: systemd finds drop-ins by the name's prefix."""
    threshold = f"--threshold={LARGEST_EXPOSURE}"
    done = analyze("security", "--offline=true", threshold, str(installed / name))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [unit.name for unit in UNITS])
def test_the_unit_runs_a_command_that_exists(name: str) -> None:
    (command,) = entries(name, "ExecStart")
    program, verb = command.split()
    assert program == f"{INSTALLED}/hero_router"
    assert verb in COMMANDS
    assert name == f"hero_router-{verb}.service"


def test_each_variable_in_a_unit_is_a_setting() -> None:
    files = [COMMON, *(unit.name for unit in UNITS)]
    variables = {
        value.partition("=")[0] for file in files for value in entries(file, "Environment")
    }
    assert variables == {"HOME", "ROUTER_SOCKET_DIR", "ROUTER_STATE_DIR"}
    assert variables - {"HOME"} <= set(VARIABLES)


def test_the_root_is_the_folder_that_tmpfiles_makes() -> None:
    """With the setgid bit, for the group of all units: they probe the services or call them."""
    (root,) = [value for value in entries(COMMON, "Environment") if "SOCKET_DIR" in value]
    made = (FOLDER / "hero_router.tmpfiles.conf").read_text("utf-8").splitlines()
    assert f"d {root.partition('=')[2]} 2775 root hero -" in made
    assert "g hero -" in (FOLDER / "hero_router.sysusers.conf").read_text("utf-8").splitlines()
    groups = {unit.name: entries(unit.name, "SupplementaryGroups") for unit in UNITS}
    assert groups == {
        "hero_router-scanner.service": ["hero"],
        "hero_router-serve.service": ["hero"],
        "hero_router-web.service": ["hero"],
    }


def test_serve_keeps_its_state_where_it_may_write() -> None:
    name = "hero_router-serve.service"
    (state,) = entries(name, "StateDirectory")
    assert entries(name, "Environment") == [f"ROUTER_STATE_DIR=/var/lib/{state}"]


def test_a_unit_whose_settings_are_unusable_is_not_started_again() -> None:
    """Exit code 2 means that; anything else is tried again for as long as it takes."""
    assert entries(COMMON, "RestartPreventExitStatus") == ["2"]
    assert entries(COMMON, "Restart") == ["on-failure"]
    assert entries(COMMON, "StartLimitIntervalSec") == ["0"]


@pytest.mark.parametrize("name", ["hero_router-web.service", "hero_router-serve.service"])
def test_systemd_waits_until_web_has_drained(name: str) -> None:
    (seconds,) = entries(name, "TimeoutStopSec")
    assert float(seconds) > VARIABLES["ROUTER_DRAIN_SECONDS"].high + GRACEFUL_SECONDS
