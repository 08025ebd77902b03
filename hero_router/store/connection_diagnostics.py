"""Connections to Redis that add their address to errors; explains why a connection failed.

An address is a host and port, or a socket's path: never a user, a password or an option. An error
of the first contact may have a second note: a hint at what may be wrong with the URL.
"""

import errno
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from redis import exceptions as refused
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
)

CLOSED, MISSING = "it closed the connection", "no such file"
NO_TLS, SILENT = "it does not speak TLS", "no answer in time"
NOT_REDIS = "it is not Redis"
"""Reasons of a failed connection."""


class Addressed(AbstractConnection):
    """Notes its address on each error that passes; `failed_address` reads it.

    `hints` has, by the reason for which a connection cannot be made, what may be wrong with the
    URL.
    """

    hints: ClassVar[Mapping[str, str]] = {}

    async def connect(self) -> None:
        """Connect; an error gets this connection's address."""
        try:
            await super().connect()  # type: ignore[no-untyped-call] # the library's own
        except (refused.RedisError, OSError) as error:
            noted = self._note(error)
            if hint := self.hints.get(_reason(error)):
                noted.add_note(hint)
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

    def _note(self, error: Exception) -> BaseException:
        """Note the address; returns the error that has it: this one, or one that caused it."""
        for each in causes(error):
            if hasattr(each, "__notes__"):
                return each
        host, port = getattr(self, "host", ""), getattr(self, "port", 0)
        error.add_note(host_port(host, port) if host else self._host_error())
        return error


class AddressedConnection(Addressed, Connection):
    """A connection over TCP that adds its address to each error."""

    hints: ClassVar = {CLOSED: "if it wants TLS, write rediss instead of redis in the URL"}


class AddressedTlsConnection(Addressed, SSLConnection):
    """A connection over TLS that adds its address to each error."""

    hints: ClassVar = {
        NO_TLS: "write redis instead of rediss in the URL",
        SILENT: "if it has no TLS, write redis instead of rediss in the URL",
        CLOSED: "if it wants a certificate, name one in the URL: ssl_certfile and ssl_keyfile",
        MISSING: "one of the URL's ssl options names it",
    }


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


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and the errors that it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and the errors that caused it: the library does not always set `__cause__`."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def failed_address(error: BaseException) -> str:
    """The address of the connection that failed, "" if it is not known."""
    return next(iter(_notes(error)), "")


def failure_hint(error: BaseException) -> str:
    """What may be wrong with the URL, in brackets after a space; "" if there is no guess."""
    return "".join(f" ({each})" for each in _notes(error)[1:2])


def _notes(error: BaseException) -> Sequence[str]:
    notes = (getattr(each, "__notes__", None) for each in chain(error))
    return next((found for found in notes if found), ())


def failure_reason(error: BaseException) -> str:
    """Why a connection failed, in a few words without any part of its address; "" if unknown.

    The hint is a part of it.
    """
    reason = _reason(error)
    return f"{reason}{failure_hint(error)}" if reason else ""


def _reason(error: BaseException) -> str:
    for each in chain(error):
        if isinstance(each, OSError) and (reason := _system_reason(each)):
            return reason
        if "closed by server" in str(each):
            return CLOSED
        if isinstance(each, refused.TimeoutError | TimeoutError):
            return SILENT
        if isinstance(each, refused.InvalidResponse):
            return NOT_REDIS
    return ""


def _system_reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return _tls_reason(error)
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return CLOSED
    if isinstance(error, socket.gaierror):
        return _LOOKUP_REASONS.get(error.errno or 0, "its name cannot be looked up")
    number = _number(error)
    return _REASONS.get(number, os.strerror(number).lower() if number else "")


def _tls_reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message.rstrip('.')}"
    if isinstance(error, ssl.SSLEOFError):
        return CLOSED
    if error.reason in _NO_TLS:
        return NO_TLS
    return f"TLS fails: {(error.reason or 'no reason is given').replace('_', ' ').lower()}"


def _number(error: OSError) -> int:
    """The `errno` of a system error; for a host with several addresses it is in the text only."""
    found = re.search(r"\[Errno (\d+)\]", str(error))
    return error.errno or (int(found[1]) if found else 0)


_LOOKUP_REASONS = {socket.EAI_NONAME: "no such host", -5: "no such host"}  # -5: no address
_REASONS = {errno.ENOENT: MISSING, errno.ECONNRESET: CLOSED, errno.EPIPE: CLOSED}
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})
"""What OpenSSL calls an answer that is not TLS."""
