"""One client as a browser's tab is one: follows, comes back when it was told to, keeps a log."""

import asyncio
import json
import random
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp

from hero_router.model import service_id
from hero_router.position import Position
from tests.soak.bounds import HEARD_SECONDS
from tests.soak.dashboard import Dashboard
from tests.soak.log import CLOSED, OPENED, REFUSED, RESUMED, STALLED, Entry, Frames, Log
from tests.soak.moments import View
from tests.soak.snapshots import Snapshots
from tests.soak.traffic import NODE, SERVICES
from tests.soak.validators import begins_anew

KERNEL_BUFFER, PROGRAM_BUFFER = 128 * 1024, 16 * 1024
"""What is taken in for a client that does not read: little, as a stall shall show, but no less than
a packet of the loopback, which else waits for a timer each time."""

FIRST_RETRY = 1.0
"""Seconds until a client comes back that was not told when."""

DEAF_SECONDS = 12.0
"""A connection without a byte for so long is dead; the keepalives of the soak are far shorter."""

OF_KIND = 4
"""Of so many clients one conflates, and one wants only one service."""

AGAIN_SECONDS = 0.5
"""Between two tries to fetch a snapshot that fits."""


class Client:
    """A tab: its stream, the snapshots that it fetches, and what it does of itself."""

    def __init__(
        self, log: Log, url: str, streams: aiohttp.ClientSession, calls: Snapshots, frames: Frames
    ) -> None:
        self._url = f"{url}/api/events{_wish(log)}"
        self._streams, self._calls, self._frames = streams, calls, frames
        self.log, self.dashboard = log, Dashboard(log.only)
        self._last_id: Position | None = None
        self._retry = FIRST_RETRY
        self._reading, self._wanted = asyncio.Event(), asyncio.Event()
        self._reading.set()
        self._answer: aiohttp.ClientResponse | None = None
        self._away = 0.0
        self._opened_at = self._heard_at = self._told_at = 0.0

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._fetch())

    def settled(self, head: Position) -> bool:
        """Whether it has everything up to there."""
        return self.dashboard.place == head and self.dashboard.wanted is None

    def view(self) -> View:
        """What it shows now. It is live if it reads, has heard something a moment ago, waits for no
        snapshot, and knows of no doubt about all."""
        hears = self._reading.is_set() and time.monotonic() - self._heard_at < HEARD_SECONDS
        return View(
            client=self.log.client,
            live=self._answer is not None and hears and self.dashboard.is_sure,
            state=self.dashboard.state,
            only=self.log.only,
            doubted=self.dashboard.doubted,
            opened=self._opened_at,
            told=self._told_at,
        )

    async def stall(self, seconds: float) -> None:
        """Stop reading for so long, as a tab that hangs."""
        if not self._reading.is_set():
            return
        self._note(Entry(STALLED))
        self._reading.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._note(Entry(RESUMED))
            self._reading.set()

    def hang_up(self, seconds: float) -> None:
        """Leave, and come back after so long, as a laptop that sleeps."""
        if self._answer is not None:
            self._away = seconds
            self._answer.close()

    async def _follow(self) -> None:
        while True:
            how = await self._connect()
            left, self._away = self._away, 0.0
            by = "client" if left else "server"
            self._note(Entry(CLOSED, None, json.dumps({"by": by, "how": how})))
            await asyncio.sleep(left or self._retry)

    async def _connect(self) -> str:
        """One connection, from its request to its end; returns how it ended."""
        self._note(Entry(OPENED, self._last_id))
        self._opened_at = time.time()
        headers = {} if self._last_id is None else {"Last-Event-ID": str(self._last_id)}
        try:
            async with self._streams.get(self._url, headers=headers) as answer:
                if answer.status != 200 or answer.content_type != "text/event-stream":
                    told = {"status": answer.status, "text": await answer.text()}
                    self._note(Entry(REFUSED, None, json.dumps(told)))
                    return "refused"
                self._answer = answer
                await self._read(answer.content)
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            return repr(error)
        finally:
            self._answer = None
        return "clean"

    async def _read(self, content: aiohttp.StreamReader) -> None:
        """Until the stream ends; half a frame at its end is none."""
        rest = b""
        while True:
            await self._reading.wait()
            data = await content.readany()
            if not data:
                return
            *frames, rest = (rest + data).split(b"\n\n")
            for frame in frames:
                self._hear(frame)

    def _hear(self, frame: bytes) -> None:
        self._heard_at = time.monotonic()
        entry, retry_ms = self._frames.read(frame)
        if retry_ms is not None:
            self._retry = retry_ms / 1000
        if entry is not None:
            self._last_id = entry.place or self._last_id
            self._note(entry)

    def _note(self, entry: Entry) -> None:
        self.log.add(entry)
        self.dashboard.take(entry)
        if begins_anew(entry):
            self._told_at = time.time()
        if self.dashboard.wanted is not None:
            self._wanted.set()

    async def _fetch(self) -> None:
        """Whenever a snapshot is due, ask until one fits."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await asyncio.sleep((self.dashboard.wanted or 0) / 1000)
            while self.dashboard.wanted is not None:
                if self._answer is not None and (entry := await self._calls.get()) is not None:
                    self._note(entry)
                if self.dashboard.wanted is not None:
                    await asyncio.sleep(AGAIN_SECONDS * random.uniform(0.5, 1))


@asynccontextmanager
async def following(url: str, number: int) -> AsyncIterator[Sequence[Client]]:
    """This many clients of one address until the block ends; some of them conflate."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=DEAF_SECONDS)
    connector = aiohttp.TCPConnector(limit=0, force_close=True, socket_factory=_small)
    async with (
        Snapshots.of(url) as calls,
        aiohttp.ClientSession(
            connector=connector, timeout=timeout, read_bufsize=PROGRAM_BUFFER
        ) as streams,
    ):
        frames = Frames()
        clients = [Client(_log(n), url, streams, calls, frames) for n in range(number)]
        tasks = [asyncio.create_task(client.run()) for client in clients]
        try:
            yield clients
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _log(number: int) -> Log:
    """That of the client with this number."""
    only = service_id(NODE, "default", f"s{number % SERVICES}")
    return Log(
        f"c{number}",
        conflates=number % OF_KIND == 0,
        only=only if number % OF_KIND == 1 else None,
    )


def _wish(log: Log) -> str:
    """What its stream is asked for."""
    if log.only is not None:
        return f"?service={log.only}"
    return "?conflate=1" if log.conflates else ""


def _small(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket that takes in little."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)
    return made
