"""Connections to Redis, made the one right way, and Redis's errors in our own words."""

import asyncio
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from redis import exceptions as refused
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.credentials import CredentialProvider

from hero_router.errors import (
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLoading,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from hero_router.settings.redis import RedisSettings
from hero_router.settings.redis_url import Address, parse
from hero_router.store.connections import CONNECTION_CLASSES, failed_address, failure_reason
from hero_router.store.failover import (
    FINDER_SECONDS,
    ClusterNodes,
    LoginRefused,
    NoPrimary,
    PrimaryConnection,
    PrimaryFinder,
    PrimaryTlsConnection,
    Sentinels,
)

__all__ = ["Redis", "connect", "redis_errors", "script", "text"]

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 3.0
"""Longest silence on a connection, except where a command blocks on purpose."""

POOL_SECONDS = 3.0
"""Longest wait for a connection while all are in use."""


def connect(
    to: RedisSettings | str,
    *,
    name: str,
    block_seconds: float = 0.0,
    connections: int = 8,
    single_connection: bool = False,
) -> Redis:
    """A client for `to` that connects when first used.

    The library's silent retries are off: a repeated XADD or EVAL is ours to decide. `block_seconds`
    is how long its longest blocking command waits; the socket's timeout lies above it. `name` is
    shown by CLIENT LIST. Behind Sentinels or in a Cluster each new connection asks for the primary.

    A client with `held` sends all its commands over one connection, one after the other, and does
    not look before each whether that was closed meanwhile: the quickest way for a caller who is
    always reading, and so hears of it anyway.
    """
    backplane = RedisSettings(to) if isinstance(to, str) else to
    options = _options(backplane) | {
        "client_name": name,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": ANSWER_SECONDS + block_seconds,
        "retry": _never_again(),
        "protocol": 2,
    }
    pool = BlockingConnectionPool(max_connections=connections, timeout=POOL_SECONDS, **options)
    client = Redis(connection_pool=pool, single_connection_client=single_connection)
    client.auto_close_connection_pool = True  # nobody else has this pool
    return client


def _never_again() -> Retry:
    return Retry(NoBackoff(), 0)


def _options(backplane: RedisSettings) -> dict[str, Any]:
    """What the library needs to know of the place, the login and TLS."""
    address = parse(backplane.url)
    options: dict[str, Any] = dict(parse_url(address.url))
    asking = {name: options.pop(f"sentinel_{name}", None) for name in ("username", "password")}
    if backplane.password_file:
        user = options.pop("username", None)
        options["credential_provider"] = PasswordFile(Path(backplane.password_file), user)
    if not address.kind:
        kind = options.get("connection_class", Connection)
        return options | {"connection_class": CONNECTION_CLASSES[kind]}
    tls = address.url.startswith("rediss:")
    if address.kind == "cluster":
        asking = options
    options["guides"] = _guides(address, backplane.prefix, _for_guides(options, asking), tls=tls)
    options["connection_class"] = PrimaryTlsConnection if tls else PrimaryConnection
    return options


def _for_guides(options: dict[str, Any], login: dict[str, Any]) -> dict[str, Any]:
    """Guides have the same TLS; Sentinels have logins of their own, nodes of a Cluster have not."""
    taken = {name: value for name, value in options.items() if name.startswith("ssl_")}
    for name in ("username", "password", "credential_provider"):
        if login.get(name) is not None:
            taken[name] = login[name]
    return taken | {
        "socket_connect_timeout": FINDER_SECONDS,
        "socket_timeout": FINDER_SECONDS,
        "retry": _never_again(),
        "protocol": 2,
    }


def _guides(address: Address, prefix: str, options: dict[str, Any], *, tls: bool) -> PrimaryFinder:
    if address.kind == "sentinel":
        return Sentinels(address.guides, options, address.primary, tls=tls)
    return ClusterNodes(address.guides, options, prefix, tls=tls)


class PasswordUnreadable(refused.AuthenticationError):
    """The file that should hold the password cannot be read."""


class PasswordFile(CredentialProvider):
    """A password that is read again for each connection, so that it may be changed any time."""

    def __init__(self, path: Path, user: str | None) -> None:
        self._path, self._user = path, user

    async def get_credentials_async(self) -> Any:
        """The same; a small file is read too quickly to leave the loop for it."""
        return self.get_credentials()

    def get_credentials(self) -> Any:
        """User, if there is one, and password: as bytes, so that no error ever quotes it."""
        try:
            password = self._path.read_bytes().rstrip(b"\r\n")
        except OSError:
            raise PasswordUnreadable from None
        return (self._user, password) if self._user else (password,)


def script(client: Redis, name: str) -> AsyncScript:
    """The Lua script `<name>.lua` beside this module, run by its hash and loaded where missing."""
    return client.register_script(_source(name))


@cache
def _source(name: str) -> str:
    return resources.files(__package__).joinpath(f"{name}.lua").read_text("utf-8")


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turn every error of the Redis library into one of `errors.StoreError`, without secrets.

    A cancellation that the library lost is raised after all: it sends through `asyncio.wait_for`,
    which before Python 3.12 drops one that comes together with its result, and a loop over Redis
    would then never end.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    except (refused.RedisError, OSError) as error:
        _raise_lost_cancellation(task, before)
        raise _translate(error) from error
    _raise_lost_cancellation(task, before)


def _raise_lost_cancellation(task: "asyncio.Task[Any] | None", before: int) -> None:
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError


_BY_TYPE: tuple[tuple[type[Exception], type[StoreError], str], ...] = (
    (PasswordUnreadable, StoreRefused, "the file with Redis's password cannot be read"),
    (LoginRefused, StoreRefused, "who knows where the primary is refuses the user or password"),
    (refused.BusyLoadingError, StoreLoading, "{redis} is still loading its data"),
    (refused.AuthenticationError, StoreRefused, "{redis} refuses the user or password"),
    (refused.AuthorizationError, StoreRefused, "{redis} refuses the user or password"),
    (refused.NoPermissionError, StoreRefused, "Redis forbids this user a command that is needed"),
    (refused.ReadOnlyError, StoreReadOnly, "this Redis is a read-only replica"),
    (refused.MasterDownError, StoreReadOnly, "this Redis is a replica that lost its primary"),
    (refused.AskError, StoreUnreachable, "another node of the Redis Cluster holds our keys"),
    (refused.TryAgainError, StoreUnreachable, "the Redis Cluster is just moving our keys"),
    (refused.ClusterDownError, StoreUnreachable, "the Redis Cluster does not serve our keys"),
    (refused.OutOfMemoryError, StoreFull, "Redis is out of memory"),
    (refused.InvalidResponse, StoreUnreachable, "what answers {there} is not Redis"),
    (refused.TimeoutError, StoreUnreachable, "{redis} did not answer in time"),
    (TimeoutError, StoreUnreachable, "{redis} did not answer in time"),
    (NoPrimary, StoreUnreachable, "nobody who was asked knows where Redis's primary is"),
)

_BY_WORD: tuple[tuple[str, type[StoreError], str], ...] = (
    ("max number of clients", StoreFull, "{redis} takes no more connections"),
    ("No connection available", StoreFull, "all connections to Redis are in use"),
    ("LOADING", StoreLoading, "{redis} is still loading its data"),
    ("READONLY", StoreReadOnly, "this Redis is a read-only replica"),
    ("UNBLOCKED", StoreReadOnly, "this Redis has just become a replica"),
    ("MISCONF", StoreFull, "Redis cannot save to disk and refuses writes"),
    ("NOREPLICAS", StoreFull, "Redis has too few replicas and refuses writes"),
    ("OOM", StoreFull, "Redis is out of memory"),
    ("NOAUTH", StoreRefused, "{redis} refuses the user or password"),
    ("NOPERM", StoreRefused, "Redis forbids this user a command that is needed"),
    ("can't run this command", StoreRefused, "Redis forbids this user a command that is needed"),
    ("ACL failure in script", StoreRefused, "Redis forbids this user a command that is needed"),
    ("cluster support disabled", StoreRefused, "this Redis is no node of a Cluster"),
    ("SENTINEL", StoreRefused, "what answers there is no Sentinel"),
    ("DB index", StoreRefused, "Redis has no database of that number"),
    ("WRONGTYPE", StoreCorrupt, "a key of hero_router in Redis holds another type of value"),
    ("not an integer", StoreCorrupt, "the last fencing token in Redis is not a number"),
    ("equal or smaller", StoreCorrupt, "the stream of events holds an id that is not ours"),
)
"""Redis's own words; inside a script its error codes arrive as part of a longer text. In ours,
`{redis}` is its name and place, and `{there}` the place alone."""


def _translate(error: Exception) -> StoreError:
    """The first exact word on the way from the error to its cause, or else a general one.

    While connecting, the library hides what Redis said as the cause of a `ConnectionError`.
    """
    where = failed_address(error)
    for each in _causes(error):
        if (known := _known(each, where)) is not None:
            return known
    if isinstance(error, refused.ConnectionError | OSError):
        told = _told("{redis} cannot be reached", where)
        return StoreUnreachable(_with_reason(told, failure_reason(error)))
    return StoreError(f"Redis answered with an error: {type(error).__name__}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _known(error: BaseException, where: str) -> StoreError | None:
    for kind, ours, told in _BY_TYPE:
        if isinstance(error, kind):
            # Only the guides' errors are made here: a text of the library may hold anything.
            why = str(error) if isinstance(error, NoPrimary | LoginRefused) else ""
            return ours(_with_reason(_told(told, where), why))
    # The text of any other error may hold an address, in which every word can occur.
    words = str(error) if _is_answer(error) else ""
    found = (ours(_told(told, where)) for word, ours, told in _BY_WORD if word in words)
    return next(found, None)


def _told(template: str, where: str) -> str:
    redis, there = (f"Redis at {where}", f"at {where}") if where else ("Redis", "there")
    return template.format(redis=redis, there=there)


def _with_reason(told: str, why: str) -> str:
    return f"{told}: {why}" if why else told


def _is_answer(error: BaseException) -> bool:
    return isinstance(error, refused.ResponseError) or str(error) in _PLAIN


_PLAIN = ("max number of clients reached", "No connection available.")
"""The one answer of Redis that the library raises as a plain `ConnectionError`, and the library's
own word for a pool that has none to give."""


def remedy(key: str) -> str:
    """The command that takes a key away which is not ours to take."""
    return f"redis-cli DEL {shlex.quote(key)}"


def text(value: Any) -> str:
    """Bytes of a reply as text; what is not UTF-8 is escaped: strangers may write to our keys."""
    return str(value, "utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
