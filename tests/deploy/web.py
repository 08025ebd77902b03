"""A gunicorn master with workers as processes, and raw clients of its streams that can stall."""

import asyncio
import json
import socket
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from hero_router.position import Position
from hero_router.sse import Message, Parser
from tests.deploy.processes import Process
from tests.support.ports import free_port
from tests.support.scrape import Scrape
from tests.support.wait import PATIENCE_SECONDS, eventually

BY_COMMAND = ("hero_router", "web")
BY_GUNICORN = ("gunicorn", "-c", "deploy/gunicorn.conf.py", "hero_router.web.app:application")
"""The two ways to start the workers."""

SMALL_BUFFER = 4096


class Web:
    """One master; its temporary files are below `folder`."""

    def __init__(
        self, folder: Path, redis_url: str, command: tuple[str, ...] = BY_COMMAND, **settings: str
    ) -> None:
        self.port, self.folder = free_port(), folder
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {
            "ROUTER_REDIS_URL": redis_url,
            "ROUTER_PORT": str(self.port),
            "ROUTER_WORKERS": "2",
            "ROUTER_NODE": folder.name,
            "TMPDIR": str(folder),
            **settings,
        }
        self.process = Process(folder.name, command, environment, folder / "log")

    @property
    def shared(self) -> list[Path]:
        """The folders that workers share for their metrics."""
        return list(self.folder.glob("hero_router-metrics-*"))

    async def ready(self, workers: int = 2) -> "Web":
        """Wait until so many workers can tell the truth."""

        async def able() -> bool:
            assert self.process.alive, self.process.said()
            try:
                return (await self.scrape()).values("workers_ready") == [workers]
            except OSError:
                return False

        await eventually(able, message=f"{workers} workers are ready: {self.url}")
        return self

    async def get(self, path: str) -> str:
        """The text at an address."""

        def read() -> str:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=PATIENCE_SECONDS) as answer:
                text: str = answer.read().decode()
                return text

        return await asyncio.to_thread(read)

    async def scrape(self) -> Scrape:
        """`/metrics`, from any worker."""
        return Scrape(await self.get("/metrics"))

    async def clients(self) -> Any:
        """`/api/clients`, from any worker."""
        return json.loads(await self.get("/api/clients"))

    @asynccontextmanager
    async def streaming(self, number: int = 1, query: str = "") -> AsyncIterator[list["Stream"]]:
        """So many clients of the stream, which read nothing beyond their hello by themselves."""
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self._stream(query)) for _ in range(number)]

    @asynccontextmanager
    async def _stream(self, query: str) -> AsyncIterator["Stream"]:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=raw, limit=SMALL_BUFFER)
        try:
            stream = Stream(reader)
            writer.write(f"GET /api/events?{query} HTTP/1.0\r\n\r\n".encode())
            await stream.until("hello")
            yield stream
        finally:
            writer.close()


class Stream:
    """One client: reads only when told to, so that it falls behind as one that hangs."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader, self._parser = reader, Parser()
        self._began = False
        self.messages: list[Message] = []

    @property
    def worker(self) -> int:
        """The process that serves it."""
        hello = next(message for message in self.messages if message.event == "hello")
        return int(json.loads(hello.data)["worker"].rpartition("/")[2])

    async def until(self, event: str, position: Position | None = None) -> None:
        """Read on until such a message comes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self._has(event, position):
                if not self._began:
                    await self._reader.readuntil(b"\r\n\r\n")
                    self._began = True
                data = await self._reader.read(65_536)
                assert data, f"the stream ended before {event}"
                self.messages += self._parser.feed(data)

    def _has(self, event: str, position: Position | None) -> bool:
        return any(
            message.event == event and position in (None, Position.parse(message.last_id))
            for message in self.messages
        )


def counted(scrape: Scrape) -> Mapping[str, float]:
    """The counters that a worker's end must not take back."""
    names = ("deliveries_expected_total", "deliveries_completed_total", "sent_bytes_total")
    return {name: scrape.total(name) for name in names}
