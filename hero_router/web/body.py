"""Bodies of requests: each is read within a time, and all of a worker's within its memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from hero_router.errors import BadRequest, Overloaded

EXPECTS = web.RequestKey("expects", str)
"""What the client expects before it sends its body: nothing, or `100-continue`."""

MOST_BYTES = 1024 * 1024
"""Of one body."""

FREE_BYTES = 16 * 1024
"""So much of each body does not count: calls are smaller, and go on while large ones find no room.
aiohttp's buffers may hold as much for any connection."""


class BodyReader:
    """What is read for the requests of one worker.

    All together may hold `budget` bytes; one may take `seconds`, and pause for `silence` seconds.
    """

    def __init__(self, budget: int, seconds: float, silence: float) -> None:
        self._budget, self._seconds, self._silence = budget, seconds, silence
        self._held = 0

    @asynccontextmanager
    async def read(self, request: web.Request) -> AsyncIterator[bytes]:
        """The whole body; it counts until the context ends.

        Raises:
            HTTPUnsupportedMediaType: it is packed, and nothing is unpacked here.
            HTTPRequestEntityTooLarge, HTTPRequestTimeout, Overloaded, BadRequest: see there.
        """
        _check_head(request)
        body = bytearray()
        counted = 0
        try:
            async with self._in_time():
                await _go_on(request)
                while chunk := await self._chunk(request):
                    body += chunk
                    _check_size(len(body))
                    more = max(len(body) - FREE_BYTES, 0) - counted
                    self._held += more
                    counted += more
                    if self._held > self._budget:
                        raise Overloaded("too many large bodies are under way: try again soon")
            yield bytes(body)
        finally:
            self._held -= counted

    async def _chunk(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self._silence):
                return await request.content.readany()
        except web.RequestPayloadError:
            raise BadRequest("the body is not framed as HTTP wants it") from None

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError:
            raise web.HTTPRequestTimeout from None


def _check_head(request: web.Request) -> None:
    """Refuse by what the head says, before anything of the body is waited for."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise web.HTTPUnsupportedMediaType
    _check_size(request.content_length or 0)


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise web.HTTPRequestEntityTooLarge(MOST_BYTES, size)


async def _go_on(request: web.Request) -> None:
    """Tell a client that waits for it to send the body (RFC 9110, section 10.1.1)."""
    if request.get(EXPECTS):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun, as aiohttp sees it
