"""The command `web`, and gunicorn with deploy/'s configuration: a master that is just starting."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.support.ports import free_port
from tests.support.wait import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = {
    "web": [sys.executable, "-m", "hero_router", "web"],
    "gunicorn": [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py",
                 "hero_router.web.app:application"],
}  # fmt: skip


class Master:
    """A master with one worker, and no Redis."""

    def __init__(self, command: str, log: Path, **settings: str) -> None:
        self.port, self.log = free_port(), log
        clean = {name: value for name, value in os.environ.items() if "ROUTER" not in name}
        ours = {"ROUTER_REDIS_URL": "redis://127.0.0.1:1/0", "ROUTER_PORT": str(self.port)}
        environment = {**clean, **ours, "ROUTER_WORKERS": "1", **settings}
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                COMMANDS[command], env=environment, cwd=ROOT, stdout=file, stderr=file
            )

    def answers(self) -> bool:
        """Whether a worker does."""
        with suppress(OSError):
            address = f"http://127.0.0.1:{self.port}/health"
            with urllib.request.urlopen(address, timeout=5) as answer:
                return bool(answer.status == 200)
        return False

    def is_up(self) -> None:
        """Wait until a worker answers."""
        self.wait(self.answers, "a worker answers")

    def wait(self, done: Callable[[], bool], what: str) -> None:
        """Wait for something, for as long as the master runs."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done():
            assert self.process.poll() is None, f"it ended: {self.log.read_text('utf-8')}"
            assert time.monotonic() < deadline, f"never: {what}"
            time.sleep(0.01)


@contextmanager
def master(command: str, folder: Path, **settings: str) -> Iterator[Master]:
    """A master meanwhile."""
    made = Master(command, folder / "log", **settings)
    try:
        yield made
    finally:
        made.process.terminate()
        try:
            made.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            made.process.kill()
            made.process.wait()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1], ids=lambda each: each.name)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_master_that_still_starts_is_not_ended_by_what_would_reload_it(
    command: str, number: signal.Signals, tmp_path: Path
) -> None:
    """Again and again, from the moment on at which web begins to load, until a worker answers."""
    with master(command, tmp_path) as made:
        made.wait(lambda: _loads(made.process.pid), "it loads")
        pause = 0.3
        while not made.answers():
            assert made.process.poll() is None, made.log.read_text("utf-8")
            made.process.send_signal(number)
            time.sleep(pause)
            pause *= 1.5  # a reload replaces the worker: at some time one must have time to start
        made.is_up()
        assert made.process.poll() is None


def _loads(pid: int) -> bool:
    """Whether it has begun to load what web needs: gunicorn alone does not need this library."""
    return "multidict" in Path(f"/proc/{pid}/maps").read_text("utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_reload_with_a_file_that_cannot_be_used_leaves_the_workers_as_they_are(
    command: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    with master(command, tmp_path, ROUTER_TOKEN_FILE=str(token)) as made:
        made.is_up()
        process = psutil.Process(made.process.pid)
        before = process.children()
        token.write_text("short")
        made.process.send_signal(signal.SIGHUP)
        made.wait(lambda: "workers are not replaced" in made.log.read_text("utf-8"), "it says so")
        assert process.children() == before
        assert made.answers()
        token.write_text("another-0123456789")
        made.process.send_signal(signal.SIGHUP)
        made.wait(lambda: not {*process.children()} & {*before}, "the workers are others")
        made.is_up()


def test_sigterm_ends_a_master_at_any_moment_of_its_start(tmp_path: Path) -> None:
    for pause in (0.2, 0.7, 1.2):
        with master("web", tmp_path) as made:
            with suppress(subprocess.TimeoutExpired):
                made.process.wait(pause)
            made.process.terminate()
            assert made.process.wait(PATIENCE_SECONDS) in (0, -signal.SIGTERM)


def test_web_does_not_listen_for_other_machines_until_something_says_who_may(
    tmp_path: Path,
) -> None:
    with master("web", tmp_path, ROUTER_HOST="0.0.0.0") as made:
        assert made.process.wait(PATIENCE_SECONDS) == 2
        (line,) = made.log.read_text("utf-8").splitlines()
    assert "nothing restricts access" in line
    for name in ("ROUTER_TOKEN", "ROUTER_ALLOW_IPS", "ROUTER_AUTH_HEADER", "ROUTER_OPEN=1"):
        assert name in line


def test_web_that_is_open_to_other_machines_warns_once(tmp_path: Path) -> None:
    open_to_all = {"ROUTER_HOST": "0.0.0.0", "ROUTER_WORKERS": "2", "ROUTER_OPEN": "1"}
    with master("web", tmp_path, **open_to_all) as made:
        made.is_up()
        told = [line for line in made.log.read_text("utf-8").splitlines() if "ROUTER_OPEN" in line]
    (line,) = told
    assert " WARNING " in line
    assert f"0.0.0.0:{made.port}" in line
    with master("web", tmp_path) as made:
        made.is_up()
        assert "ROUTER_OPEN" not in made.log.read_text("utf-8")
