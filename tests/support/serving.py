"""`hero_router serve` as a user starts it: a process with folders and a port of its own."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.support.ports import free_port
from tests.support.wait import PATIENCE_SECONDS

START_SECONDS = 120.0
"""On a machine with ten times as much to do as it can."""

STOP_SECONDS = 5.0
"""The promise, for a machine that has time."""


class Serving:
    """One `serve` and all that it started. `folder` holds its root and its state.

    `before` is what its command line begins with, as a program that takes power from it; `python`
    is the interpreter that runs it. One that is `patient` gives its processes a minute to end.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        before: Sequence[str] = (),
        python: str = sys.executable,
        patient: bool = False,
        **settings: str,
    ) -> None:
        self._before, self._python = before, python
        self._module = "tests.support.patient_serve" if patient else "hero_router"
        self.root, self.state = folder / "sockets", folder / "state"
        self.root.mkdir(exist_ok=True)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        ours = {
            "ROUTER_SOCKET_DIR": str(self.root),
            "ROUTER_STATE_DIR": str(self.state),
            "ROUTER_PORT": str(self.port),
            "ROUTER_WORKERS": "1",
            "ROUTER_SCAN_SECONDS": "1",
            "ROUTER_NODE": "testnode",
        }
        clean = {name: value for name, value in os.environ.items() if "ROUTER" not in name}
        self.environment = {**clean, **ours, **settings}
        self.log = folder / "serve.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def redis_socket(self) -> Path:
        """Where its private Redis listens."""
        return self.state / "redis" / "redis.sock"

    def start(self, *arguments: str, says: str = "is ready: ") -> "Serving":
        """Start and wait until it says that it is ready, or something else."""
        self.launch(*arguments)
        deadline = time.monotonic() + START_SECONDS
        while says not in self.output():
            assert self.pid_alive(), f"serve ended: {self.output()}"
            assert time.monotonic() < deadline, f"serve does not say {says!r}: {self.output()}"
            time.sleep(0.05)
        return self

    def launch(self, *arguments: str) -> None:
        """Start without waiting."""
        ours = [self._python, "-m", self._module, "serve", *arguments]
        command = [*self._before, *ours]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_heed_hangup,  # noqa: PLW1509 - it takes no lock
            )

    def output(self) -> str:
        """All that it printed so far."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def pid_alive(self) -> bool:
        """Whether the supervisor itself still runs."""
        return self.process is not None and self.process.poll() is None

    def family(self) -> dict[str, psutil.Process]:
        """Its direct children by what they run: redis, demo, scanner, web."""
        assert self.process is not None
        found = {}
        for child in psutil.Process(self.process.pid).children():
            # A child that has just died is not one that runs.
            with contextlib.suppress(psutil.NoSuchProcess):
                found[_role(child.cmdline())] = child
        return found

    def all_processes(self) -> list[psutil.Process]:
        """Everything that it started, at any depth."""
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def stream(self) -> socket.socket:
        """A client of the stream that has its first bytes."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)
        made.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in made.recv(4096)
        return made

    def stop(self, number: signal.Signals = signal.SIGINT, within: float = PATIENCE_SECONDS) -> int:
        """Send a signal; returns the exit code. Fails when it does not end in time."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(within)

    def close(self) -> None:
        """End it whatever state it is in, with all that it started."""
        if self.process is None:
            return
        left = self.all_processes() if self.pid_alive() else []
        self.process.kill()
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(PATIENCE_SECONDS)


def _heed_hangup() -> None:
    """Under nohup a process, and all that it starts, would outlive its terminal."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _role(command: list[str]) -> str:
    words = " ".join(command)
    found = re.search(r"hero_router (\w+)", words)
    return found[1] if found else "redis"
