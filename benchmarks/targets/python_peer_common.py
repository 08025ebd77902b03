"""What the peers in Python share: they follow the stream of events, and hand it on by queues."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis
import uvloop
from aiohttp import web

STREAM = "events"
BACKLOG = 4096
READ_BATCH = 512
BLOCK_MS = 15_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event, and its frame that can be built once for all clients."""

    id: str
    name: str
    data: str
    frame: bytes


def client(url: str, connections: int) -> redis.Redis:
    """A client that waits for as long as a blocking read takes."""
    return redis.Redis.from_url(
        url, decode_responses=True, socket_timeout=None, protocol=2, max_connections=connections
    )


async def tail(source: redis.Redis, last: str = "0-0") -> AsyncIterator[list[Event]]:
    """All events after `last`, as many at a time as one reply holds; never ends."""
    while True:
        reply: Any = await source.xread({STREAM: last}, count=READ_BATCH, block=BLOCK_MS)
        for _, entries in reply:
            last = entries[-1][0]
            yield [_event(place, fields["type"], fields["data"]) for place, fields in entries]


def _event(place: str, name: str, data: str) -> Event:
    return Event(place, name, data, f"id: {place}\nevent: {name}\ndata: {data}\n\n".encode())


class Fanout:
    """One tail, and a queue for each client."""

    def __init__(self, url: str) -> None:
        self._source = client(url, connections=1)
        self._queues = set[asyncio.Queue[Event]]()

    @contextmanager
    def subscribed(self) -> Iterator["asyncio.Queue[Event]"]:
        """A client's queue, for as long as the block lasts."""
        queue = asyncio.Queue[Event]()
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the stream."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()

    async def _run(self) -> None:
        async for events in tail(self._source):
            for event in events:
                for queue in self._queues:
                    queue.put_nowait(event)


def listener() -> socket.socket:
    """A socket that takes connections."""
    return socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)


def announce(listening: socket.socket) -> None:
    """Tell the benchmark that this server is ready, and where."""
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)


def serve(app: web.Application) -> None:
    """Run an application of aiohttp until this process is ended."""
    uvloop.run(_serve(app))


async def _serve(app: web.Application) -> None:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listening = listener()
    await web.SockSite(runner, listening, backlog=BACKLOG).start()
    announce(listening)
    await asyncio.Event().wait()


FANOUT = web.AppKey("fanout", Fanout)


def fanning_app() -> web.Application:
    """An application of aiohttp with a tail of its own; the URL of Redis is the first argument."""

    async def run(app: web.Application) -> AsyncIterator[None]:
        async with app[FANOUT].running():
            yield

    app = web.Application()
    app[FANOUT] = Fanout(sys.argv[1])
    app.cleanup_ctx.append(run)
    return app
