"""Real services on Unix sockets for the scanner's tests: well-behaved, broken and hostile ones."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.support.wait import ACCEPTED_TURNS

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a raw service does with one connection."""

OPENRPC: Mapping[str, Any] = {
    "openrpc": "1.3.2",
    "info": {"title": "Ledger", "version": "2.1.0", "description": "Keeps the books."},
    "methods": [{"name": "add", "params": []}, {"name": "list", "params": []}],
}
MANIFEST: Mapping[str, Any] = {
    "protocol": "openrpc",
    "name": "ledger",
    "title": "The ledger",
    "version": "2.0.0",
    "description": "Keeps books for everyone.",
    "socket": "rpc",
}


def http(
    body: bytes, status: str = "200 OK", media: str = "application/json", more: str = ""
) -> bytes:
    """One raw HTTP answer that ends the connection."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n"
    return (head + more + "Connection: close\r\n\r\n").encode() + body


@dataclass
class Http:
    """An HTTP service by table: path → (status, body). What it was asked is in `asked`."""

    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    media: str = "application/json"
    delay: float = 0.0
    """Seconds until it answers, as while it is busy."""
    asked: list[str] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        self.connections.add(id(request.transport))
        await asyncio.sleep(self.delay)
        status, body = self.answers.get(request.path, (404, {"error": "no such page"}))
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type=self.media)


def good(*, title: str = "Ledger", methods: int = 2) -> Http:
    """A service that does everything right."""
    document = {
        **OPENRPC,
        "info": {**OPENRPC["info"], "title": title},
        "methods": [{"name": f"method_{number}"} for number in range(methods)],
    }
    return Http(
        {
            "/health": (200, {"status": "ok"}),
            "/.well-known/heroservice.json": (200, MANIFEST),
            "/rpc": (200, {"jsonrpc": "2.0", "id": 1, "result": document}),
            "/openrpc.json": (200, document),
        }
    )


class Services:
    """Starts and stops services below one root."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stops: dict[str, Callable[[], Awaitable[None]]] = {}

    async def start(self, path: str, service: Http) -> Http:
        """Let an HTTP service listen at `path` below the root."""
        runner = web.ServerRunner(web.Server(service.answer), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.UnixSite(runner, str(self._place(path)))
        await site.start()
        self._stops[path] = runner.cleanup
        return service

    async def talk(self, path: str, talk: Talk) -> None:
        """Let a raw service listen at `path` below the root."""
        writers: set[asyncio.StreamWriter] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.add(writer)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await talk(reader, writer)
            writer.close()

        server = await asyncio.start_unix_server(serve, str(self._place(path)))

        async def stop() -> None:
            server.close()
            for _ in range(ACCEPTED_TURNS):
                for writer in writers:
                    writer.transport.abort()
                await asyncio.sleep(0)

        self._stops[path] = stop

    def stale(self, path: str) -> Path:
        """Leave a socket file without a listener."""
        place = self._place(path)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.fsencode(place))
        return place

    async def stop(self, *paths: str, unlink: bool = False) -> None:
        """End these services, or all; the socket file stays unless it is to be deleted."""
        for path in paths or tuple(self._stops):
            place = self._root / path
            await self._stops.pop(path)()
            if unlink:
                place.unlink(missing_ok=True)
            elif not place.exists() and place.parent.exists():
                self.stale(path)

    def _place(self, path: str) -> Path:
        place = self._root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        return place


async def request(reader: asyncio.StreamReader) -> str:
    """The first line of the next request."""
    head = await reader.readuntil(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode()


def says(answer: bytes) -> Talk:
    """A service that answers every request with these bytes and closes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(answer)
        await writer.drain()

    return talk


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A service whose handler hangs: it reads, and never answers."""
    while await reader.read(4096):
        pass


async def curt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A service that closes every connection without a word."""
    await request(reader)
