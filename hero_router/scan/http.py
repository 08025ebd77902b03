"""A tiny HTTP client for one socket: every answer is bounded in size, none is followed or decoded.

Time is bounded by the caller, who wraps the whole conversation in one deadline.
"""

import asyncio
import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp

from hero_router import __version__
from hero_router.errors import RouterError
from hero_router.scan.observation import NO_PERMISSION, Kind
from hero_router.scan.sockets import Found

BUSY_SECONDS = 0.05
"""Pause before a listener whose queue was full is tried again."""

HEADERS: Mapping[str, str] = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"hero_router/{__version__}",
}

_QUEUE_FULL = frozenset({errno.EAGAIN, errno.ENOTCONN, errno.EINVAL})
"""A full queue is EAGAIN to uvloop; asyncio takes that for "under way" and then finds no peer."""
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
_SILENT = "closes the connection without an answer"
_MEANING = {
    errno.ECONNREFUSED: (Kind.REFUSED, "nothing listens"),
    errno.ECONNRESET: (Kind.CLOSED, _SILENT),
    errno.EPIPE: (Kind.CLOSED, _SILENT),
    errno.EPROTOTYPE: (Kind.FOREIGN, "is not a stream socket"),
    errno.ENOENT: (Kind.MISSING, "cannot be seen"),
    errno.EACCES: (Kind.DENIED, NO_PERMISSION),
    errno.EPERM: (Kind.DENIED, NO_PERMISSION),
}


class Unanswered(RouterError):
    """The socket gave no HTTP answer; `kind` says how that is to be judged."""

    code = "unanswered"

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `media` is its media type in lower case, "" where it names none.

    `flaw` says why the body was left unread, and is None where it is whole.
    """

    status: int
    media: str
    body: bytes = b""
    flaw: str | None = None

    @property
    def json(self) -> bool:
        """Whether it may be read as JSON: it says so, or says nothing."""
        return self.media in ("", "application/json", "text/json") or self.media.endswith("+json")


class Client:
    """One connection to one socket, kept for the few questions of a probe; closed on exit."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._fd = -1
        self.accepted = True
        """False while the listener's queue is full."""

    async def __aenter__(self) -> Self:
        self._fd = _open(self._found)
        # Through the descriptor the path has no length limit and cannot be swapped meanwhile.
        connector = aiohttp.UnixConnector(f"/proc/self/fd/{self._fd}", limit=1)
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._session.close()
        finally:
            os.close(self._fd)

    async def get(self, path: str, limit: int) -> Answer:
        """Ask once; `limit` is the largest body in bytes. Raises Unanswered."""
        return await self._ask("GET", path, limit, None)

    async def post(self, path: str, limit: int, body: bytes) -> Answer:
        """Send JSON. Only for questions that may be repeated: a kept connection may be dead."""
        try:
            return await self._ask("POST", path, limit, body)
        except Unanswered as error:
            if error.kind is not Kind.CLOSED:
                raise
            return await self._ask("POST", path, limit, body)

    async def _ask(self, method: str, path: str, limit: int, body: bytes | None) -> Answer:
        while True:
            try:
                return await self._exchange(method, path, limit, body)
            except aiohttp.ClientError as error:
                failure = _judged(error)
            if failure is not None:
                raise failure
            self.accepted = False
            await asyncio.sleep(BUSY_SECONDS)

    async def _exchange(self, method: str, path: str, limit: int, body: bytes | None) -> Answer:
        headers = {} if body is None else {"Content-Type": "application/json"}
        async with self._session.request(
            method, f"http://localhost{path}", data=body, headers=headers, allow_redirects=False
        ) as response:
            self.accepted = True
            return await _answer(response, limit)


async def _answer(response: aiohttp.ClientResponse, limit: int) -> Answer:
    media = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return Answer(response.status, media, flaw="encoded, though plain was asked for")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            return Answer(response.status, media, flaw=f"larger than {limit} bytes")
    return Answer(response.status, media, bytes(body))


def _open(found: Found) -> int:
    """A handle on the very socket that was found, without connecting. Raises Unanswered."""
    try:
        handle = os.open(found.target, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _judged_os(error) or Unanswered(Kind.MISSING, "cannot be seen") from None
    state = os.fstat(handle)
    if stat.S_ISSOCK(state.st_mode) and (state.st_dev, state.st_ino) == found.inode[:2]:
        return handle
    os.close(handle)
    raise Unanswered(Kind.MISSING, "cannot be seen")


def _judged(error: aiohttp.ClientError) -> Unanswered | None:
    """What a client error means for the socket; None: its queue is full, try again."""
    if isinstance(error, OSError):
        return _judged_os(error)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Unanswered(Kind.CLOSED, _SILENT)
    if isinstance(error, aiohttp.ClientResponseError):
        return Unanswered(Kind.FOREIGN, "does not speak HTTP")
    return Unanswered(Kind.FAILED, "breaks off its answer")


def _judged_os(error: OSError) -> Unanswered | None:
    number = error.errno or 0
    if number in _QUEUE_FULL:
        return None
    if number in _EXHAUSTED:
        return Unanswered(Kind.UNSEEN, f"the scanner lacks resources: {os.strerror(number)}")
    unknown = (Kind.FAILED, f"cannot be connected to: {os.strerror(number)}")
    return Unanswered(*_MEANING.get(number, unknown))
