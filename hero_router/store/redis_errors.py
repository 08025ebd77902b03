"""Turns errors of the Redis library into a `StoreError` with a message for operators.

The message has the address of Redis and the reason, and never a password. Texts of the library may
quote a password, so these texts are not passed on.
"""

import asyncio
import re
import shlex
from collections.abc import Iterator, Mapping
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
from hero_router.store.connection_diagnostics import (
    causes,
    failed_address,
    failure_hint,
    failure_reason,
)
from hero_router.store.primary_finder import LoginRefused, NoPrimary


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


FORBIDDEN = (
    "{redis} forbids this user a command, a key or a channel that is needed: docs/deployment.md "
    "lists the permissions to give"
)
FULL = "{redis} takes no more connections"
LACKING = (
    "the server {there} lacks a command that is needed: it is a Sentinel, a proxy, or older than "
    "Redis 7"
)
LOADING = "{redis} is still loading its data"
LOGIN = "{redis} refuses the user or password"
MEMORY = "{redis} is out of memory"
NOT_REDIS = "the server {there} is not Redis"
PROTECTED = (
    "{redis} is in protected mode and refuses other machines: give it a password, or switch its "
    "protected-mode off in a network that you trust"
)
REPLICA = "{redis} is a read-only replica"
SILENT = "{redis} did not answer in time{hint}"
UNWANTED = "{redis} has no password, but the URL or ROUTER_REDIS_PASSWORD_FILE gives one"
WANTED = "{redis} wants a password: set it in the URL or in ROUTER_REDIS_PASSWORD_FILE"

_BY_TEXT: Mapping[str, tuple[type[StoreError], str]] = {
    "max number of clients reached": (StoreFull, FULL),
    "No connection available.": (StoreFull, "all connections to Redis are in use"),
    "Authentication required.": (StoreRefused, WANTED),
    "Client sent AUTH, but no password is set": (StoreRefused, UNWANTED),
    "AUTH <password> called without any password configured for the default user. Are you sure "
    "your configuration is correct?": (StoreRefused, UNWANTED),
    "Error setting client name": (StoreUnreachable, NOT_REDIS),
}
"""The whole text of an error, our class, and the message. Most of them are answers that the library
raises as a plain `ConnectionError` or with the class of all refused logins."""

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
    (refused.MasterDownError, StoreReadOnly, "{redis} is a replica that lost its primary"),
    (refused.AskError, StoreUnreachable, "another node of the Redis Cluster holds our keys"),
    (refused.TryAgainError, StoreUnreachable, "the Redis Cluster is moving our keys"),
    (refused.ClusterDownError, StoreUnreachable, "the Redis Cluster does not serve our keys"),
    (refused.OutOfMemoryError, StoreFull, MEMORY),
    (refused.InvalidResponse, StoreUnreachable, NOT_REDIS),
    (refused.TimeoutError, StoreUnreachable, SILENT),
    (TimeoutError, StoreUnreachable, SILENT),
    (NoPrimary, StoreUnreachable, "no Sentinel or Cluster node names Redis's primary: {text}"),
)
"""For each class of error of the library: our class, and the message.

`{redis}` stands for Redis and its address, `{there}` for the address alone, `{hint}` for a guess at
what is wrong with the URL, and `{text}` for the error's own text, which only the errors of
`failover` may show.
"""

_BY_WORD: tuple[tuple[str, type[StoreError], str], ...] = (
    ("protected mode", StoreRefused, PROTECTED),
    ("max number of clients", StoreFull, FULL),
    ("LOADING", StoreLoading, LOADING),
    ("READONLY", StoreReadOnly, REPLICA),
    ("UNBLOCKED", StoreReadOnly, "{redis} has just become a replica"),
    ("MISCONF", StoreFull, "{redis} cannot save to disk and refuses writes"),
    ("NOREPLICAS", StoreFull, "{redis} has too few replicas and refuses writes"),
    ("OOM", StoreFull, MEMORY),
    ("NOAUTH", StoreRefused, WANTED),
    ("NOPERM", StoreRefused, FORBIDDEN),
    ("can't run this command", StoreRefused, FORBIDDEN),  # Redis 7, in a script
    ("ACL failure in script", StoreRefused, FORBIDDEN),  # Valkey 9, in a script
    ("cluster support disabled", StoreRefused, "{redis} is not part of a Cluster"),
    ("SELECT is not allowed", StoreRefused, "{redis} has only database 0, as each Redis Cluster"),
    ("SENTINEL", StoreRefused, "the server {there} was asked for the primary and is no Sentinel"),
    ("unknown command", StoreRefused, LACKING),
    ("busy running", StoreUnreachable, "{redis} is busy with a long script"),
    ("DB index", StoreRefused, "{redis} has no database with that number"),
    ("WRONGTYPE", StoreCorrupt, "a key of hero_router in Redis holds another type of value"),
    ("not an integer", StoreCorrupt, "the last fencing token in Redis is not a number"),
    (
        "equal or smaller",
        StoreCorrupt,
        "the stream of events holds an id that hero_router did not write",
    ),
)
"""Words of an answer of Redis, our class of error, and the message as in `_BY_TYPE`.

The words are searched in the whole text, as the errors of a script hold Redis's error code inside a
longer text.
"""


def _translate(error: Exception) -> StoreError:
    """Our error for an error of the library, or for the first known error among its causes.

    While connecting, the library raises a `ConnectionError` with Redis's answer as its cause.
    """
    places = _places(error)
    for each in causes(error):
        if (found := _known(each)) is not None:
            ours, template = found
            return ours(template.format(**places, text=each))
    if isinstance(error, refused.ConnectionError | OSError):
        reason = failure_reason(error)
        why = f": {reason}" if reason else ""
        return StoreUnreachable(f"{places['redis']} cannot be reached{why}")
    return StoreError(f"{places['redis']} answers with an unexpected error: {_code(error)}")


def _code(error: Exception) -> str:
    """The code with which each error of Redis begins: what follows it may quote a password."""
    found = re.match(r"[A-Z]{2,20}\b", str(error))
    return getattr(error, "status_code", None) or (found[0] if found else type(error).__name__)


def _places(error: Exception) -> Mapping[str, str]:
    address = failed_address(error)
    redis, there = (f"Redis at {address}", f"at {address}") if address else ("Redis", "there")
    return {"redis": redis, "there": there, "hint": failure_hint(error)}


def _known(error: BaseException) -> tuple[type[StoreError], str] | None:
    """Our class and the message for one error, None if it is not known."""
    if (found := _BY_TEXT.get(str(error))) is not None:
        return found
    for kind, ours, template in _BY_TYPE:
        if isinstance(error, kind):
            return ours, template
    # The text of any other error may hold an address, and an address may hold each of the words.
    words = str(error) if isinstance(error, refused.ResponseError) else ""
    return next(((ours, template) for word, ours, template in _BY_WORD if word in words), None)


def delete_command(key: str) -> str:
    """The command by which an operator deletes a key that hero_router does not delete itself."""
    return f"redis-cli DEL {shlex.quote(key)}"
