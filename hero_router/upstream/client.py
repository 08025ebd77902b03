"""A small HTTP client for Unix sockets, with limits for the size of answers and no redirects.

The caller limits the time, by one deadline for all requests of a probe. `upstream.response_parser`
parses the answers and limits their size.
"""

import asyncio
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from hero_router import __version__
from hero_router.upstream.outcome import Outcome
from hero_router.upstream.response_parser import NotHttp, Response, ResponseParser
from hero_router.upstream.safe_connect import (
    SILENT,
    NoResponse,
    SocketAddress,
    SocketHandle,
    connect_when_free,
    os_failure,
)

CHUNK = 64 * 1024
"""Maximum number of bytes that are read from the socket at a time."""

HEADERS: Mapping[str, str] = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"hero_router/{__version__}",
}
_FIELDS = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())


class Client:
    """An HTTP client for one Unix socket; its connection is kept for all requests of a probe."""

    _file: SocketHandle

    def __init__(self, address: SocketAddress) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self.accepted = True
        """False while the listener's queue is full."""

    async def __aenter__(self) -> Self:
        self._file = SocketHandle(self._address)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drop()
        self._file.close()

    async def get(self, path: str, limit: int) -> Response:
        """Send a GET request; a body of more than `limit` bytes is dropped. Raises NoResponse."""
        return await self._ask(_request("GET", path), limit)

    async def post(self, path: str, limit: int, body: bytes) -> Response:
        """Send a POST request with a JSON body. Raises NoResponse.

        Only for requests without an effect: if the kept connection is dead, the request is sent
        again over a new one.
        """
        return await self._ask(_request("POST", path, body), limit)

    async def _ask(self, request: bytes, limit: int) -> Response:
        kept = self._socket is not None
        try:
            return await self._exchange(request, limit)
        except NoResponse as failure:
            self._drop()
            if failure.outcome is not Outcome.CLOSED or not kept:
                raise
        return await self._exchange(request, limit)

    async def _exchange(self, request: bytes, limit: int) -> Response:
        connection = self._socket = self._socket or await self._connect()
        loop, reading = asyncio.get_running_loop(), ResponseParser(limit)
        try:
            await loop.sock_sendall(connection, request)
            while not reading.done:
                data = await loop.sock_recv(connection, CHUNK)
                if not data:
                    _end(reading)
                reading.feed(data)
        except NotHttp as error:
            raise NoResponse(
                Outcome.FAILED if error.endless else Outcome.FOREIGN, str(error)
            ) from None
        except OSError as error:
            raise os_failure(error) or NoResponse(Outcome.FAILED, "breaks off its answer") from None
        if not reading.reusable:
            self._drop()
        return reading.answer

    async def _connect(self) -> socket.socket:
        """Connect to the listener, as soon as its queue has room. Raises NoResponse."""
        connection = await connect_when_free(self._file, self._note_busy)
        self.accepted = True
        return connection

    def _note_busy(self) -> None:
        self.accepted = False

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _request(method: str, path: str, body: bytes | None = None) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{_FIELDS}"
    if body is None:
        return f"{head}\r\n".encode()
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{kind}\r\n".encode() + body


def _end(reading: ResponseParser) -> None:
    """Note the end of the connection. Raises NoResponse if the answer is not complete."""
    if not reading.begun:
        raise NoResponse(Outcome.CLOSED, SILENT)
    if not reading.end():
        raise NoResponse(Outcome.FAILED, "breaks off its answer")
