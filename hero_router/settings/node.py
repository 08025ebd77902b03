"""Settings of the node (this machine): its name, socket folder, and state folder."""

import socket
from dataclasses import dataclass
from pathlib import Path

from hero_router.errors import ConfigError
from hero_router.settings.setting import check_section, text


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """The node's name, its socket folder, and the state folder of `hero_router serve`."""

    name: str = text(
        socket.gethostname(),
        "ROUTER_NODE",
        "name of this machine (node) on the page, in the API and in Redis; it must differ from "
        "machine to machine; after a change, remove the old name by `hero_router forget`",
    )
    socket_dir: str = text(
        "~/hero/var/sockets",
        "ROUTER_SOCKET_DIR HERO_SOCKET_DIR PATH_SOCKET",
        "folder in which the scanner looks for the sockets of services, with its subfolders (the "
        "socket folder); of ROUTER_SOCKET_DIR, HERO_SOCKET_DIR and PATH_SOCKET, the first one "
        "that is set is used",
    )
    state_dir: str = text(
        "~/hero/var/router",
        "ROUTER_STATE_DIR",
        "folder for the files of `hero_router serve`: its lock file, and the data of the Redis "
        "server that it starts if ROUTER_REDIS_URL is not set",
    )

    def __post_init__(self) -> None:
        check_section(self)
        if not self.name.isprintable() or not 0 < len(self.name) <= 128:
            raise ConfigError("ROUTER_NODE must be 1 to 128 printable characters")

    @property
    def root(self) -> Path:
        """The socket folder (ROUTER_SOCKET_DIR). Raises ConfigError if `~` has no meaning."""
        return _expanded("ROUTER_SOCKET_DIR", self.socket_dir)

    @property
    def state(self) -> Path:
        """The state folder of `hero_router serve` (ROUTER_STATE_DIR). Raises as `root` does."""
        return _expanded("ROUTER_STATE_DIR", self.state_dir)

    def require_root(self) -> None:
        """Raises ConfigError if the socket folder cannot be a folder; for processes that use it."""
        _check_folder("ROUTER_SOCKET_DIR", self.root)

    def require_state(self) -> None:
        """Raises ConfigError if the state folder cannot be a folder; for processes that use it."""
        _check_folder("ROUTER_STATE_DIR", self.state)


def _expanded(variable: str, value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:
        user = value.partition("/")[0].removeprefix("~")
        whose = f"the user {user!r}" if user else "this user"
        raise ConfigError(
            f"{variable} is {value}, but {whose} has no home folder: set {variable} to a path "
            "that begins with /"
        ) from None


def _check_folder(variable: str, path: Path) -> None:
    """Refuse a path that cannot be a folder; one that does not exist yet is accepted.

    A path that is not UTF-8 is refused: `watchfiles` cannot watch such a folder, and JSON cannot
    hold its name. Raises ConfigError.
    """
    try:
        str(path).encode()
        nearest = next(each for each in (path, *path.parents) if each.exists())
        if nearest.is_dir():
            return
    except UnicodeEncodeError:
        raise ConfigError(f"{variable} is not UTF-8: {str(path)!r}") from None
    except OSError as error:
        raise ConfigError(f"{variable} cannot be used: {path}: {error.strerror}") from None
    raise ConfigError(f"{variable} is not a folder: {nearest}")
