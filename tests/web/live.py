"""A whole worker in this process, on a real Redis and over real HTTP, and who listens to it."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from hero_router.cli.scanner import make_worker
from hero_router.feed.feed import Feed
from hero_router.position import Position
from hero_router.settings.config import RouterConfig
from hero_router.sse import Message, Parser
from hero_router.store.client import connect
from hero_router.web.app import make_runner
from hero_router.web.worker_parts import PARTS, Parts
from tests.support.wait import PATIENCE_SECONDS, eventually

WINDOW = 8
CHANGES = ("service_added", "service_updated", "status_change", "service_removed", "scan")


class Listener:
    """One client of a stream: its messages as they come; `ended` once the worker has ended it."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.ended = False

    async def read(self, answer: aiohttp.ClientResponse) -> None:
        """Read until the stream ends."""
        parser = Parser()
        with suppress(aiohttp.ClientError):
            async for data in answer.content.iter_any():
                self.messages += parser.feed(data)
        self.ended = True

    def named(self, *events: str) -> list[Message]:
        """The messages of these kinds."""
        return [message for message in self.messages if message.event in events]

    def data(self, event: str) -> list[Any]:
        """What the messages of one kind say."""
        return [json.loads(message.data) for message in self.named(event)]

    @property
    def places(self) -> list[Position]:
        """The positions of the changes so far."""
        found = [Position.parse(message.last_id) for message in self.named(*CHANGES)]
        assert None not in found
        return [place for place in found if place is not None]

    @property
    def resyncs(self) -> list[tuple[int | None, str]]:
        """How many events it was told to have missed, and why."""
        return [(item["dropped"], item["reason"]) for item in self.data("resync")]

    async def hears(self, place: Position) -> None:
        """Wait until the change at this position has come."""
        await eventually(lambda: place in self.places, message=f"{place} arrives")

    async def hears_of(self, event: str, count: int = 1) -> list[Any]:
        """Wait for so many messages of one kind; returns what they say."""
        await eventually(lambda: len(self.named(event)) >= count, message=f"{count} of {event}")
        return self.data(event)


class Live:
    """A running worker."""

    def __init__(self, runner: web.AppRunner, session: aiohttp.ClientSession) -> None:
        self.runner = runner
        self.port: int = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.parts: Parts = runner.app[PARTS]
        self.feed: Feed = self.parts.feed
        self._session = session

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        async with self._session.get(f"{self.url}{path}") as answer:
            return answer.status, await answer.json()

    async def state(self) -> Any:
        """`/api/services`."""
        status, state = await self.get("/api/services")
        assert status == 200, state
        return state

    @property
    def names(self) -> set[str]:
        """The services that the worker shows."""
        return set(self.statuses)

    @property
    def statuses(self) -> dict[str, str]:
        """The status of each service that the worker shows, by name."""
        return {item["name"]: item["status"] for item in self.feed.mirror.services()}

    @property
    def scans(self) -> int:
        """The number of the last scan of the node `n` that the worker knows."""
        nodes = self.feed.mirror.nodes
        return nodes["n"].scan if "n" in nodes else 0

    async def is_ready(self) -> bool:
        """Whether `/ready` says so."""
        return (await self.get("/ready"))[0] == 200

    async def reaches(self, place: Position) -> None:
        """Wait until the worker has followed the stream up to here."""
        await eventually(lambda: self.feed.ring.head >= place, message=f"the worker is at {place}")

    @asynccontextmanager
    async def listening(
        self, cursor: object = None, *, header: object = None
    ) -> AsyncIterator[Listener]:
        """A client of the stream, with `?cursor=` or `Last-Event-ID`, meanwhile."""
        async with listening(self.url, cursor, header) as listener:
            yield listener


@asynccontextmanager
async def listening(
    url: str, cursor: object = None, header: object = None, token: str | None = None
) -> AsyncIterator[Listener]:
    """A client of the stream of the worker, or of what stands before it, meanwhile."""
    headers = {} if header is None else {"Last-Event-ID": str(header)}
    headers |= {} if token is None else {"Authorization": token}
    params = {} if cursor is None else {"cursor": str(cursor)}
    listener = Listener()
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session,
        session.get(f"{url}/api/events", params=params, headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "text/event-stream"
        reading = asyncio.create_task(listener.read(answer))
        try:
            await listener.hears_of("hello")
            yield listener
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@asynccontextmanager
async def working(redis_url: str, **settings: Any) -> AsyncIterator[Live]:
    """A worker as gunicorn would run it, with these settings, meanwhile."""
    config = RouterConfig.of(
        **{"redis_url": redis_url, "sse_buffer": WINDOW, "node": "w", **settings}
    )
    with _own_logging():
        runner = make_runner(config)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            connector = aiohttp.TCPConnector(force_close=True)
            async with aiohttp.ClientSession(connector=connector) as session:
                yield Live(runner, session)
        finally:
            await runner.cleanup()


@asynccontextmanager
async def scanning(redis_url: str, root: Path, **settings: Any) -> AsyncIterator[None]:
    """A scanner as its command makes it, with a short breath, meanwhile.

    No service is late for it, as on a busy machine any may be.
    """
    quick = {"node": "n", "scan_seconds": 0.2, "lease_seconds": 0.6}
    quick |= {"probe_timeout": PATIENCE_SECONDS}
    where = {"redis_url": redis_url, "socket_dir": str(root)}
    config = RouterConfig.of(**{**quick, **where, **settings})
    client = connect(redis_url, name="scanner")
    channel = connect(redis_url, name="requests", block_seconds=5)
    task = asyncio.create_task(make_worker(config, client, channel).run())
    try:
        yield
    finally:
        await ended(task)
        await client.aclose()
        await channel.aclose()


async def ended(task: "asyncio.Task[None]") -> None:
    """Cancel a task; one that goes on all the same is shown with all that runs."""
    task.cancel()
    _, going_on = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
    stacks = [str(each.get_stack()) for each in asyncio.all_tasks()] if going_on else []
    assert not going_on, f"a cancelled scanner goes on: {stacks}"


@contextmanager
def _own_logging() -> Iterator[None]:
    """A worker sets up this process's logging as its own: give it back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers, root.level = before[0], before[1]
