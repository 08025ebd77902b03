"""Connections to Redis that add their address to each error, and the reasons of their failures.

An address is a host and port, or the path of a socket: never a user, a password or an option.
"""

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from redis import exceptions as refused
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
)


class Addressed(AbstractConnection):
    """A connection that adds its address to each error; `failed_address` reads the address."""

    async def connect(self) -> None:
        """Connect; an error gets this connection's address."""
        try:
            await super().connect()  # type: ignore[no-untyped-call] # the library's own
        except (refused.RedisError, OSError) as error:
            self._note(error)
            raise

    async def send_packed_command(self, *args: Any, **options: Any) -> None:
        """Send a command; an error gets this connection's address."""
        try:
            await super().send_packed_command(*args, **options)
        except (refused.RedisError, OSError) as error:
            self._note(error)
            raise

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """Read a reply; an error gets this connection's address."""
        try:
            return await super().read_response(*args, **options)
        except (refused.RedisError, OSError) as error:
            self._note(error)
            raise

    def _note(self, error: Exception) -> None:
        if not hasattr(error, "__notes__"):
            host, port = getattr(self, "host", ""), getattr(self, "port", 0)
            error.add_note(host_port(host, port) if host else self._host_error())


class AddressedConnection(Addressed, Connection):
    """A connection over TCP that adds its address to each error."""


class AddressedTlsConnection(Addressed, SSLConnection):
    """A connection over TLS that adds its address to each error."""


class AddressedUnixConnection(Addressed, UnixDomainSocketConnection):
    """A connection over a Unix socket that adds its address to each error."""


CONNECTION_CLASSES: dict[type[AbstractConnection], type[AbstractConnection]] = {
    Connection: AddressedConnection,
    SSLConnection: AddressedTlsConnection,
    UnixDomainSocketConnection: AddressedUnixConnection,
}
"""For each connection class of the Redis library: our subclass."""


def host_port(host: str, port: int) -> str:
    """Host and port as one text, as in URLs."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and the errors that caused it: the library does not always set `__cause__`."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def failed_address(error: BaseException) -> str:
    """The address of the connection that failed; "" if it is not known."""
    notes = (getattr(each, "__notes__", None) for each in chain(error))
    return next((str(found[0]) for found in notes if found), "")


def failure_reason(error: BaseException) -> str:
    """Why a connection failed, in a few words without its address; "" if not known."""
    for each in chain(error):
        if isinstance(each, OSError) and (reason := _system_reason(each)):
            return reason
        if "closed by server" in str(each):
            return "it closed the connection"
        if isinstance(each, refused.TimeoutError | TimeoutError):
            return "no answer in time"
    return ""


def _system_reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message.rstrip('.')}"
    if isinstance(error, ssl.SSLError):
        return f"TLS fails: {(error.reason or 'no reason is given').replace('_', ' ').lower()}"
    if isinstance(error, socket.gaierror):
        return _LOOKUP_REASONS.get(error.errno or 0, "its name cannot be looked up")
    number = _number(error)
    return _REASONS.get(number, os.strerror(number).lower() if number else "")


def _number(error: OSError) -> int:
    """The `errno` of a system error; for a host with several addresses it is in the text only."""
    found = re.search(r"\[Errno (\d+)\]", str(error))
    return error.errno or (int(found[1]) if found else 0)


_LOOKUP_REASONS = {socket.EAI_NONAME: "no such host", -5: "no such host"}  # -5: no address
_REASONS = {
    errno.ENOENT: "no such file",
    errno.ECONNRESET: "it closed the connection",
    errno.EPIPE: "it closed the connection",
}
