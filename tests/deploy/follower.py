"""A client of the stream that behaves like a browser's EventSource, and records what it saw."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice

import aiohttp

from hero_router.position import Position
from hero_router.sse import Message, Parser
from tests.support.background import meanwhile

BACK_SECONDS = (0.02, 0.02, 0.5, 0.5)
"""When clients come back, each two after the same time, as HAProxy deals them out by turns: before
it has noticed that an instance is gone, and after many events; both sooner than `retry:` asks."""

FIRST_RETRY_MS = 3_000
"""What browsers wait before a server has sent `retry:`."""

SILENCE_SECONDS = 30.0
"""After this silence a client gives its connection up: twice what lies between two keepalives, and
more than a busy machine lets a process wait."""


@dataclass(eq=False)
class Follower:
    """Follows for as long as `run` runs, and comes back with its position after each end.

    It comes back after `back_seconds`; None: after the last `retry:`, as a browser does. It gives a
    connection up after `silence_seconds` without a byte.
    `longest` is the longest silence. `seen` are the events in the order of their arrival; `hellos`
    the workers of its connections, in order; `endings` has "clean" or "broken" for each connection
    that ended, with its last bytes.
    """

    url: str
    back_seconds: float | None
    silence_seconds: float = SILENCE_SECONDS
    seen: list[tuple[Position, str]] = field(default_factory=list)
    hellos: list[str] = field(default_factory=list)
    notices: list[Message] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    endings: list[tuple[str, bytes]] = field(default_factory=list)
    start: Position | None = None
    last_id: str = ""
    longest: float = 0.0
    told_at: float = field(default_factory=time.monotonic)
    retry_ms: int = FIRST_RETRY_MS

    @property
    def node(self) -> str:
        """The instance that serves it now."""
        return self.hellos[-1].partition("/")[0] if self.hellos else ""

    @property
    def last(self) -> Position | None:
        """The last event's position."""
        return self.seen[-1][0] if self.seen else self.start

    def told(self, event: str) -> list[Message]:
        """The `stale`, `fresh` or `resync` frames it got."""
        return [message for message in self.notices if message.event == event]

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        connector = aiohttp.TCPConnector(force_close=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_read=self.silence_seconds)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            while True:
                await self._connect(session)
                back = self.retry_ms / 1000 if self.back_seconds is None else self.back_seconds
                await asyncio.sleep(back)

    async def _connect(self, session: aiohttp.ClientSession) -> None:
        headers = {"Last-Event-ID": self.last_id} if self.last_id else {}
        try:
            async with session.get(f"{self.url}/api/events", headers=headers) as answer:
                if answer.status != 200 or answer.content_type != "text/event-stream":
                    self.refusals.append(f"{answer.status} {await answer.text()}")
                    return
                await self._read(answer.content)
        except (aiohttp.ClientConnectorError, aiohttp.ServerDisconnectedError) as error:
            self.refusals.append(repr(error))

    async def _read(self, content: aiohttp.StreamReader) -> None:
        parser, tail, ending = Parser(self.last_id), b"", "clean"
        try:
            async for data in content.iter_any():
                tail = (tail + data)[-64:]
                for message in parser.feed(data):
                    self._take(message)
                self.retry_ms = parser.retry_ms or self.retry_ms
        except (aiohttp.ClientPayloadError, ConnectionResetError, TimeoutError):
            ending = "broken"
        self.endings.append((ending, tail))

    def _take(self, message: Message) -> None:
        self.last_id, now = message.last_id, time.monotonic()
        self.longest, self.told_at = max(self.longest, now - self.told_at), now
        if message.event == "hello":
            hello = json.loads(message.data)
            self.hellos.append(hello["worker"])
            self.start = self.start or Position.parse(hello["cursor"])
        elif message.event in ("stale", "fresh", "resync"):
            self.notices.append(message)
        elif message.event != "ping":
            position = Position.parse(message.last_id)
            assert position is not None
            self.seen.append((position, message.event))


@asynccontextmanager
async def following(
    url: str,
    number: int = 1,
    back: Sequence[float | None] = BACK_SECONDS,
    silence: float = SILENCE_SECONDS,
) -> AsyncIterator[list[Follower]]:
    """This many clients of one address, until the block ends; `back` is when they come back."""
    followers = [Follower(url, seconds, silence) for seconds in islice(cycle(back), number)]
    async with meanwhile(*(follower.run() for follower in followers)):
        yield followers


def all_of(followers: Sequence[Follower], holds: Callable[[Follower], bool]) -> Callable[[], bool]:
    """A condition to wait for: it holds for every follower."""
    return lambda: all(map(holds, followers))
