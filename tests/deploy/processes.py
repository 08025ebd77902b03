"""Real processes for tests: each with its own group, as a container has, and its log in a file."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.deploy.compose import TOP
from tests.support.wait import PATIENCE_SECONDS

SBIN = "/usr/sbin"
"""Where Debian puts HAProxy; not on every user's PATH."""

OURS = ("hero_router", "gunicorn", "python")
"""The programs that the image's virtual environment has."""


class Process:
    """One running command, started in the top folder as in the image's."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name, self.log = name, log
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                resolved(command),
                cwd=TOP,
                env=clean_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the first process."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Signal the first process alone, as `docker kill --signal` does."""
        self._child.send_signal(number)

    def kill(self) -> None:
        """End all of it at once, as the end of a container is."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def stop(self) -> int:
        """Ask it to end, and force it if it does not; returns the exit code."""
        self._child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(PATIENCE_SECONDS)
        self.kill()
        return self._child.returncode

    def said(self) -> str:
        """All of its output."""
        return self.log.read_text("utf-8", "replace")


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a container: none of this machine's settings of the router."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ROUTER_", "HERO_", "HAPROXY_", "PATH_SOCKET", "COV_"))
    }
    return {**kept, **extra}


def resolved(command: Sequence[str]) -> list[str]:
    """The command with its program as a path: ours from this environment, others from the system.

    A Redis server that came with a package of this environment is not the one meant.
    """
    ours = Path(sys.executable).parent
    if command[0] in OURS:
        return [str(ours / command[0]), *command[1:]]
    places = [place for place in os.environ.get("PATH", "").split(":") if Path(place) != ours]
    program = shutil.which(command[0], path=":".join([*places, SBIN]))
    assert program is not None, f"{command[0]} is not installed"
    return [program, *command[1:]]
