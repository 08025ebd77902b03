"""A worker process is killed, and all its clients come back at once, with no pause between."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from redis import Redis

from hero_router.position import Position
from hero_router.sse import Message, Parser
from tests.e2e.router import Web, routing
from tests.support.redis import RedisServer, client
from tests.support.wait import eventually
from tests.web.live import CHANGES

CLIENTS, MISSED = 500, 10

OFTEN, EACH_SECOND = CLIENTS // 2, 25
"""Commands that Redis may see while all come back: what one writer needs, and one worker in each
second; nothing for each client."""


class Page:
    """A client without the browser's patience: it comes back at once with its position."""

    def __init__(self, port: int) -> None:
        self._port, self.messages = port, list[Message]()
        self.place, self.retries = "", list[int | None]()

    async def run(self) -> None:
        """Follow, and come back whenever the connection is lost, until cancelled."""
        while True:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._follow()

    async def _follow(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            known = f"Last-Event-ID: {self.place}\r\n" if self.place else ""
            writer.write(f"GET /api/events HTTP/1.0\r\nHost: localhost\r\n{known}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head
            parser = Parser(self.place)
            while data := await reader.read(65_536):
                for message in parser.feed(data):
                    self._take(message)
        finally:
            writer.close()

    def _take(self, message: Message) -> None:
        self.messages.append(message)
        self.place = message.last_id
        if message.event == "hello":
            self.retries.append(message.retry_ms)

    def named(self, *events: str) -> list[Message]:
        """The messages of these kinds."""
        return [each for each in self.messages if each.event in events]

    @property
    def places(self) -> list[Position | None]:
        """The positions of the changes that it got."""
        return [Position.parse(each.last_id) for each in self.named(*CHANGES)]

    @property
    def worker(self) -> int:
        """The process that greeted it last."""
        return int(json.loads(self.named("hello")[-1].data)["worker"].rpartition("/")[2])


@asynccontextmanager
async def crowd(web: Web) -> AsyncIterator[list[Page]]:
    """So many clients, meanwhile."""
    pages = [Page(web.port) for _ in range(CLIENTS)]
    tasks = [asyncio.create_task(page.run()) for page in pages]
    try:
        await eventually(lambda: all(page.retries for page in pages), message="all are greeted")
        yield pages
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [end for end in ends if not isinstance(end, asyncio.CancelledError)] == []


def commands(admin: Redis) -> int:
    """How many Redis has done since it was told to count anew, those inside scripts too."""
    stats: dict[str, dict[str, int]] = admin.info("commandstats")
    return sum(each["calls"] for each in stats.values())


async def state(session: aiohttp.ClientSession, web: Web) -> Any:
    async with session.get(f"{web.url}/api/services") as answer:
        return await answer.json()


async def test_a_storm_after_a_kill_loses_nothing_and_does_not_reach_redis(
    redis7: RedisServer,
) -> None:
    """Nor does one of all who fetch the state; and the next one would be spread over seconds."""
    async with routing(redis7.url) as (web, hand), crowd(web) as pages:
        with contextlib.closing(client(redis7.url)) as admin:
            admin.config_resetstat()
            began = time.monotonic()
            os.kill(pages[0].worker, signal.SIGKILL)
            places = [await hand.change("s0") for _ in range(MISSED)]
            await eventually(
                lambda: all(page.places[-1:] == places[-1:] for page in pages),
                message="all are back",
            )
            async with aiohttp.ClientSession() as session:
                states = await asyncio.gather(*(state(session, web) for _ in pages))
            used = commands(admin)
        assert used < OFTEN + EACH_SECOND * (time.monotonic() - began)
        assert {each["cursor"] for each in states} == {str(places[-1])}
    for page in pages:
        assert page.places == places
        assert page.named("resync") == []
    retries = [page.retries[-1] or 0 for page in pages]
    assert 1000 <= min(retries) < 1100
    assert 2900 < max(retries) <= 3000
    assert len(set(retries)) > CLIENTS / 2
