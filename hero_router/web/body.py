"""Reads request bodies, with time limits for each and a memory limit for all of a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from hero_router.errors import BadRequest, Overloaded

EXPECT = web.RequestKey("expects", str)
"""The request's `Expect` header: empty, or `100-continue`."""

MAX_BYTES = 1024 * 1024
"""Largest request body that is accepted."""

FREE_BYTES = 16 * 1024
"""Bytes of each body that do not count, so that small calls work while large bodies are refused.
aiohttp's buffers may hold as much for any connection."""


class BodyReader:
    """Reads the bodies of one worker's requests.

    All bodies together may use `budget` bytes of memory. One body may take `seconds` in all, and
    pause for `silence` seconds.
    """

    def __init__(self, budget: int, seconds: float, silence: float) -> None:
        self._budget, self._seconds, self._silence = budget, seconds, silence
        self._held = 0

    @asynccontextmanager
    async def read(self, request: web.Request) -> AsyncIterator[bytes]:
        """The whole body of a request; it counts against the budget until the context ends.

        Raises:
            HTTPUnsupportedMediaType: the body is compressed; nothing is decompressed here.
            HTTPRequestEntityTooLarge: the body is larger than `MAX_BYTES`.
            HTTPRequestTimeout: the body took too long, or paused for too long.
            Overloaded: the budget is used up.
            BadRequest: the body's framing (its chunks or length) is malformed.
        """
        _check_head(request)
        body = bytearray()
        counted = 0
        try:
            async with self._in_time():
                await _send_continue(request)
                while chunk := await self._chunk(request):
                    body += chunk
                    _check_size(len(body))
                    more = max(len(body) - FREE_BYTES, 0) - counted
                    self._held += more
                    counted += more
                    if self._held > self._budget:
                        raise Overloaded(
                            "too many large request bodies are being received: try again soon"
                        )
            yield bytes(body)
        finally:
            self._held -= counted

    async def _chunk(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self._silence):
                return await request.content.readany()
        except web.RequestPayloadError:
            raise BadRequest("the framing of the request body is not valid HTTP") from None

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError:
            raise web.HTTPRequestTimeout from None


def _check_head(request: web.Request) -> None:
    """Refuse a body by its head alone, before any of it is read."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise web.HTTPUnsupportedMediaType
    _check_size(request.content_length or 0)


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise web.HTTPRequestEntityTooLarge(MAX_BYTES, size)


async def _send_continue(request: web.Request) -> None:
    """Answer 100 to a client that waits for it (RFC 9110, section 10.1.1)."""
    if request.get(EXPECT):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun, as aiohttp sees it
