"""Follows a router's event stream; after a lost connection it reconnects and resumes."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TypeVar

import aiohttp

from hero_router.client.http import AccessDenied, RouterAway, asking, read, refusal
from hero_router.sse import Message, Parser

T = TypeVar("T")

RETRY_MS = 1_000
"""Reconnect delay until the router sends another one (`retry:`)."""

SILENCE_SECONDS = 45.0
PINGS_MISSED = 3
"""A connection counts as dead after this time, or this many keepalives, without a byte."""


class Follower:
    """Follows the event stream; resumes after `cursor`, the position of the last event.

    `query` filters the events: `types`, `context`, `service`, `conflate`. `token` is the router's.
    `on_break` is called with the reason each time that the connection is lost.
    """

    def __init__(
        self,
        url: str,
        cursor: str | None = None,
        query: Mapping[str, str] | None = None,
        *,
        token: str = "",
        on_break: Callable[[str], None] = lambda _: None,
        retry_ms: int = RETRY_MS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._url, self._token, self._query, self._on_break = url, token, query, on_break
        self._cursor, self._retry_ms, self._silence = cursor, retry_ms, silence_seconds

    @property
    def cursor(self) -> str | None:
        """The position after which the stream resumes."""
        return self._cursor

    async def messages(self) -> AsyncGenerator[Message, None]:
        """All messages, without end; reconnects after the time in the router's `retry:`.

        Missed events are reported by a message `resync`.

        Raises:
            RouterAway: the first connection fails.
            AccessDenied: the router accepts the token no more.
        """
        connected = False
        while True:
            reason = "the router ended the stream"
            try:
                async with aclosing(self._connection()) as connection:
                    async for message in connection:
                        connected = True
                        yield message
            except RouterAway as error:
                if not connected or isinstance(error, AccessDenied):
                    raise
                reason = str(error)
            self._on_break(reason)
            await asyncio.sleep(self._retry_ms / 1000)

    async def _connection(self) -> AsyncGenerator[Message, None]:
        parser = Parser()
        headers = {"Last-Event-ID": self._cursor} if self._cursor else {}
        timeout, url = aiohttp.ClientTimeout(total=None), f"{self._url}/api/events"
        async with asking(self._url, token=self._token) as session:
            request = session.get(
                url, params=self._query, headers=headers, timeout=timeout, allow_redirects=False
            )
            async with await self._in_time(request) as answer:
                if answer.status != 200:
                    raise refusal(self._url, await read(answer), self._token)
                while data := await self._in_time(answer.content.readany()):
                    for message in parser.feed(data):
                        self._cursor = message.last_id or self._cursor
                        self._read_ping_seconds(message)
                        yield message
                    # A worker that shuts down sends `retry:` without a message.
                    self._retry_ms = parser.retry_ms or self._retry_ms

    async def _in_time(self, step: Awaitable[T]) -> T:
        """The step's result. Raises RouterAway if the router is silent for too long."""
        try:
            async with asyncio.timeout(self._silence):
                return await step
        except TimeoutError:
            raise RouterAway(f"{self._url} has sent nothing for {self._silence:g} s") from None

    def _read_ping_seconds(self, message: Message) -> None:
        """Take the time between two pings from `hello`: each router may have another one."""
        if message.event == "hello":
            seconds = json.loads(message.data).get("ping_seconds")
            if isinstance(seconds, int | float):
                self._silence = PINGS_MISSED * seconds
