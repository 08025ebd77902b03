"""Connections to Redis, made the one right way, and Redis's errors in our own words."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import Any

from redis import exceptions as refused
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript

from hero_router.errors import (
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLoading,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)

__all__ = ["Redis", "connect", "script", "text", "translated"]

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 3.0
"""Longest silence on a connection, except where a command blocks on purpose."""


def connect(url: str, *, name: str, block_seconds: float = 0.0, connections: int = 8) -> Redis:
    """A client for `url` that connects when first used.

    The library's silent retries are off: a repeated XADD or EVAL is ours to decide. `block_seconds`
    is how long its longest blocking command waits; the socket's timeout lies above it. `name` is
    shown by CLIENT LIST.
    """
    return Redis.from_url(
        url,
        client_name=name,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS + block_seconds,
        retry=Retry(NoBackoff(), 0),
        max_connections=connections,
        protocol=2,
    )


def script(client: Redis, name: str) -> AsyncScript:
    """The Lua script `<name>.lua` beside this module, run by its hash and loaded where missing."""
    return client.register_script(_source(name))


@cache
def _source(name: str) -> str:
    return resources.files(__package__).joinpath(f"{name}.lua").read_text("utf-8")


@contextmanager
def translated() -> Iterator[None]:
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
    (refused.BusyLoadingError, StoreLoading, "Redis is still loading its data"),
    (refused.AuthenticationError, StoreRefused, "Redis refuses the user or password"),
    (refused.AuthorizationError, StoreRefused, "Redis refuses the user or password"),
    (refused.NoPermissionError, StoreRefused, "Redis forbids this user a command that is needed"),
    (refused.ReadOnlyError, StoreReadOnly, "this Redis is a read-only replica"),
    (refused.MasterDownError, StoreReadOnly, "this Redis is a replica that lost its primary"),
    (refused.OutOfMemoryError, StoreFull, "Redis is out of memory"),
    (refused.InvalidResponse, StoreUnreachable, "what answers there is not Redis"),
    (refused.TimeoutError, StoreUnreachable, "Redis did not answer in time"),
    (TimeoutError, StoreUnreachable, "Redis did not answer in time"),
)

_BY_WORD: tuple[tuple[str, type[StoreError], str], ...] = (
    ("max number of clients", StoreFull, "Redis takes no more connections"),
    ("LOADING", StoreLoading, "Redis is still loading its data"),
    ("READONLY", StoreReadOnly, "this Redis is a read-only replica"),
    ("UNBLOCKED", StoreReadOnly, "this Redis has just become a replica"),
    ("MISCONF", StoreFull, "Redis cannot save to disk and refuses writes"),
    ("NOREPLICAS", StoreFull, "Redis has too few replicas and refuses writes"),
    ("OOM", StoreFull, "Redis is out of memory"),
    ("NOAUTH", StoreRefused, "Redis refuses the user or password"),
    ("NOPERM", StoreRefused, "Redis forbids this user a command that is needed"),
    ("can't run this command", StoreRefused, "Redis forbids this user a command that is needed"),
    ("DB index", StoreRefused, "Redis has no database of that number"),
    ("WRONGTYPE", StoreCorrupt, "a key of hero_router in Redis holds another type of value"),
    ("not an integer", StoreCorrupt, "the last fencing token in Redis is not a number"),
    ("equal or smaller", StoreCorrupt, "the stream of events holds an id that is not ours"),
    ("a foreign id", StoreCorrupt, "the stream of events holds an id that is not ours"),
)
"""Redis's own words; inside a script its error codes arrive as part of a longer text."""


def _translate(error: Exception) -> StoreError:
    """The first exact word on the way from the error to its cause, or else a general one.

    While connecting, the library hides what Redis said as the cause of a `ConnectionError`.
    """
    for each in _causes(error):
        if (known := _known(each)) is not None:
            return known
    if isinstance(error, refused.ConnectionError | OSError):
        return StoreUnreachable("Redis cannot be reached")
    return StoreError(f"Redis answered with an error: {type(error).__name__}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _known(error: BaseException) -> StoreError | None:
    for kind, ours, told in _BY_TYPE:
        if isinstance(error, kind):
            return ours(told)
    # The text of any other error may hold an address, in which every word can occur.
    words = str(error) if _is_answer(error) else ""
    return next((ours(told) for word, ours, told in _BY_WORD if word in words), None)


def _is_answer(error: BaseException) -> bool:
    return isinstance(error, refused.ResponseError) or str(error) == _TOO_MANY


_TOO_MANY = "max number of clients reached"
"""The one answer of Redis that the library raises as a plain `ConnectionError`."""


def text(value: Any) -> str:
    """Bytes of a reply as text; what is not UTF-8 is escaped: strangers may write to our keys."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
