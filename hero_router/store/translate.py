"""Turns errors of the Redis library into a `StoreError` with a message for operators.

The message has the address of Redis and the reason, and never a password. Texts of the library may
quote a password, so these texts are not passed on.
"""

import asyncio
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import exceptions as refused

from hero_router.errors import (
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLoading,
    StoreReadOnly,
    StoreRefused,
    StoreUnreachable,
)
from hero_router.store.client import PasswordUnreadable
from hero_router.store.connection_errors import failed_address, failure_reason
from hero_router.store.failover import LoginRefused, NoPrimary


@contextmanager
def redis_errors() -> Iterator[None]:
    """Raise StoreError for every error of the Redis library in this block.

    The block also raises a cancellation that the library lost. The library sends through
    `asyncio.wait_for`, which before Python 3.12 drops a cancellation that arrives together with
    the result; a loop over Redis would then never end.
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


FORBIDDEN = "Redis forbids this user a command that is needed"
LOADING = "{redis} is still loading its data"
LOGIN = "{redis} refuses the user or password"
MEMORY = "Redis is out of memory"
REPLICA = "this Redis is a read-only replica"
SILENT = "{redis} did not answer in time"

_BY_TYPE: tuple[tuple[type[Exception], type[StoreError], str], ...] = (
    (PasswordUnreadable, StoreRefused, "the file with Redis's password cannot be read"),
    (
        LoginRefused,
        StoreRefused,
        "the Sentinel or Cluster node at {text} refuses the user or password",
    ),
    (refused.BusyLoadingError, StoreLoading, LOADING),
    (refused.AuthenticationError, StoreRefused, LOGIN),
    (refused.AuthorizationError, StoreRefused, LOGIN),
    (refused.NoPermissionError, StoreRefused, FORBIDDEN),
    (refused.ReadOnlyError, StoreReadOnly, REPLICA),
    (refused.MasterDownError, StoreReadOnly, "this Redis is a replica that lost its primary"),
    (refused.AskError, StoreUnreachable, "another node of the Redis Cluster holds our keys"),
    (refused.TryAgainError, StoreUnreachable, "the Redis Cluster is moving our keys"),
    (refused.ClusterDownError, StoreUnreachable, "the Redis Cluster does not serve our keys"),
    (refused.OutOfMemoryError, StoreFull, MEMORY),
    (refused.InvalidResponse, StoreUnreachable, "the server {there} is not Redis"),
    (refused.TimeoutError, StoreUnreachable, SILENT),
    (TimeoutError, StoreUnreachable, SILENT),
    (NoPrimary, StoreUnreachable, "no Sentinel or Cluster node names Redis's primary: {text}"),
)
"""For each class of error of the library: our class, and the message.

`{redis}` stands for Redis and its address, `{there}` for the address alone, and `{text}` for the
text of the error, which is shown only for errors of `failover`.
"""

_BY_WORD: tuple[tuple[str, type[StoreError], str], ...] = (
    ("max number of clients", StoreFull, "{redis} takes no more connections"),
    ("No connection available", StoreFull, "all connections to Redis are in use"),
    ("LOADING", StoreLoading, LOADING),
    ("READONLY", StoreReadOnly, REPLICA),
    ("UNBLOCKED", StoreReadOnly, "this Redis has just become a replica"),
    ("MISCONF", StoreFull, "Redis cannot save to disk and refuses writes"),
    ("NOREPLICAS", StoreFull, "Redis has too few replicas and refuses writes"),
    ("OOM", StoreFull, MEMORY),
    ("NOAUTH", StoreRefused, LOGIN),
    ("NOPERM", StoreRefused, FORBIDDEN),
    ("can't run this command", StoreRefused, FORBIDDEN),  # Redis 7, in a script
    ("ACL failure in script", StoreRefused, FORBIDDEN),  # Valkey 9, in a script
    ("cluster support disabled", StoreRefused, "this Redis is not part of a Cluster"),
    ("SENTINEL", StoreRefused, "the server that was asked for the primary is no Sentinel"),
    ("DB index", StoreRefused, "Redis has no database with that number"),
    ("WRONGTYPE", StoreCorrupt, "a key of hero_router in Redis holds another type of value"),
    ("not an integer", StoreCorrupt, "the last fencing token in Redis is not a number"),
    (
        "equal or smaller",
        StoreCorrupt,
        "the stream of events holds an id that hero_router did not write",
    ),
)
"""For words in an error of Redis: our class of error, and the message as in `_BY_TYPE`.

The words are searched in the whole text, as the errors of a script hold Redis's error code inside a
longer text.
"""


def _translate(error: Exception) -> StoreError:
    """Our error for an error of the library, or for the first known error among its causes.

    While connecting, the library raises a `ConnectionError` with Redis's answer as its cause.
    """
    address = failed_address(error)
    for each in _causes(error):
        if (found := _known(each, address)) is not None:
            return found
    if isinstance(error, refused.ConnectionError | OSError):
        reason = failure_reason(error)
        template = "{redis} cannot be reached: {text}" if reason else "{redis} cannot be reached"
        return StoreUnreachable(_message(template, address, reason))
    return StoreError(f"Redis answered with an error: {type(error).__name__}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _known(error: BaseException, address: str) -> StoreError | None:
    for kind, ours, template in _BY_TYPE:
        if isinstance(error, kind):
            return ours(_message(template, address, str(error)))
    # The text of any other error may hold an address, and an address may hold each of the words.
    words = str(error) if _is_answer(error) else ""
    found = (
        ours(_message(template, address)) for word, ours, template in _BY_WORD if word in words
    )
    return next(found, None)


def _message(template: str, address: str, text: str = "") -> str:
    redis, there = (f"Redis at {address}", f"at {address}") if address else ("Redis", "there")
    return template.format(redis=redis, there=there, text=text)


def _is_answer(error: BaseException) -> bool:
    return isinstance(error, refused.ResponseError) or str(error) in _PLAIN_TEXTS


_PLAIN_TEXTS = ("max number of clients reached", "No connection available.")
"""Texts of a plain `ConnectionError` that are searched for words of `_BY_WORD`.

The first is an answer of Redis, the second the library's own text for an exhausted pool."""


def delete_command(key: str) -> str:
    """The command by which an operator deletes a key that hero_router does not delete itself."""
    return f"redis-cli DEL {shlex.quote(key)}"
