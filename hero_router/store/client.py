"""Makes Redis clients, all with the same timeouts and without the library's own retries.

The module also loads Lua scripts and decodes replies. `translate` turns the library's errors into
ours.
"""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError

from hero_router.settings.redis import RedisSettings
from hero_router.settings.redis_url import Address, parse
from hero_router.store.connection_diagnostics import CONNECTION_CLASSES
from hero_router.store.primary_finder import (
    FINDER_SECONDS,
    ClusterNodes,
    PrimaryConnection,
    PrimaryFinder,
    PrimaryTlsConnection,
    Sentinels,
)

__all__ = ["Redis", "connect", "script", "text"]

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 3.0
"""Longest wait for a reply, in addition to the time for which a command blocks on purpose."""

POOL_SECONDS = 3.0
"""Longest wait for a free connection of the pool."""


def connect(
    to: RedisSettings | str,
    *,
    name: str,
    block_seconds: float = 0.0,
    connections: int = 8,
    single_connection: bool = False,
) -> Redis:
    """Make a client of the Redis in these settings; the client connects at its first command.

    `name` is shown by CLIENT LIST. `block_seconds` is the wait of the client's longest blocking
    command. The library's own retries are off: they would repeat a write without notice. With
    Sentinels or a Cluster each new connection asks for the address of the primary.

    With `single_connection` the client has one connection and sends one command at a time, without
    the check before each command whether the connection was closed. Only the reader of the event
    stream uses it: its blocking read notices a closed connection at once.
    """
    settings = RedisSettings(to) if isinstance(to, str) else to
    options = _options(settings) | {
        "client_name": name,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": ANSWER_SECONDS + block_seconds,
        "retry": _no_retry(),
        "protocol": 2,
    }
    pool = BlockingConnectionPool(max_connections=connections, timeout=POOL_SECONDS, **options)
    client = Redis(connection_pool=pool, single_connection_client=single_connection)
    client.auto_close_connection_pool = True  # the pool belongs to this client alone
    return client


def _no_retry() -> Retry:
    return Retry(NoBackoff(), 0)


def _options(settings: RedisSettings) -> dict[str, Any]:
    """The options for the Redis library: address, login, TLS and class of connection."""
    address = parse(settings.url)
    options: dict[str, Any] = dict(parse_url(address.url))
    login = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    if settings.password_file:
        user = options.pop("username", None)
        options["credential_provider"] = PasswordFile(Path(settings.password_file), user)
    if not address.kind:
        kind = options.get("connection_class", Connection)
        return options | {"connection_class": CONNECTION_CLASSES[kind]}
    tls = address.url.startswith("rediss:")
    if address.kind == "cluster":
        login = options
    finder = _finder(address, settings.prefix, _finder_options(options, login), tls=tls)
    kind = PrimaryTlsConnection if tls else PrimaryConnection
    return options | {"finder": finder, "connection_class": kind}


def _finder_options(options: dict[str, Any], login: dict[str, Any]) -> dict[str, Any]:
    """The options for connections to Sentinels or Cluster nodes: TLS as for Redis, own login."""
    taken = {name: value for name, value in options.items() if name.startswith("ssl_")}
    for name in ("username", "password", "credential_provider"):
        if login.get(name) is not None:
            taken[name] = login[name]
    return taken | {
        "socket_connect_timeout": FINDER_SECONDS,
        "socket_timeout": FINDER_SECONDS,
        "retry": _no_retry(),
        "protocol": 2,
        "driver_info": None,  # else the library asks first, and drops what a server refuses
    }


def _finder(address: Address, prefix: str, options: dict[str, Any], *, tls: bool) -> PrimaryFinder:
    if address.kind == "sentinel":
        return Sentinels(address.seeds, options, address.primary, tls=tls)
    return ClusterNodes(address.seeds, options, prefix, tls=tls)


class PasswordUnreadable(AuthenticationError):
    """The file with the password of Redis cannot be read."""


class PasswordFile(CredentialProvider):
    """Reads the password of Redis from a file, again for each new connection."""

    def __init__(self, path: Path, user: str | None) -> None:
        self._path, self._user = path, user

    async def get_credentials_async(self) -> Any:
        """User and password, for asynchronous connections. The file is too small for a thread."""
        return self.get_credentials()

    def get_credentials(self) -> Any:
        """The user, if any, and the password. Raises PasswordUnreadable.

        The password is given as bytes, so that no error of the library quotes it.
        """
        try:
            password = self._path.read_bytes().rstrip(b"\r\n")
        except OSError:
            raise PasswordUnreadable from None
        return (self._user, password) if self._user else (password,)


def script(client: Redis, name: str) -> AsyncScript:
    """The Lua script `<name>.lua` of this folder, called by its hash and loaded where missing.

    Lua scripts cannot include another one in Redis, so `prelude.lua` is put before each.
    """
    return client.register_script(_source("prelude") + _source(name))


@cache
def _source(name: str) -> str:
    return resources.files(__package__).joinpath(f"{name}.lua").read_text("utf-8")


def text(value: Any) -> str:
    """A reply of Redis as text. Other programs may have written it: invalid UTF-8 is escaped."""
    return str(value, "utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
